/**
 * Two words of random bits to two normal numbers (Box & Muller 1958), the same in every bit on every machine.
 *
 * Only + - × ÷ √ on doubles, which IEEE 754 rounds exactly, in the order written here; no fused multiply-add and no
 * library function, whose last bits differ between JavaScript engines and C libraries. `native/random.h` is the twin.
 */

/**
 * out[0] = r cos(2π u2), out[1] = r sin(2π u2), r = √(-2 ln u1), u1 = 1 - (first >>> 8) 2^-24 in (0, 1],
 * u2 = (second >>> 8) 2^-24 in [0, 1). So |out| < 5.77.
 */
export function fillNormalPair(out: Float64Array, first: number, second: number): void {
  const radius = Math.sqrt(-2 * lnFraction(2 ** 24 - (first >>> 8)));
  const turn = second >>> 8;
  const quarter = (turn + 2 ** 21) >>> 22;
  const x = (turn - quarter * 2 ** 22) * RADIANS;
  const s = sine(x);
  const c = cosine(x);
  const odd = (quarter & 1) === 1;
  const cos = odd ? -s : c;
  const sin = odd ? c : s;
  const isOpposite = (quarter & 2) === 2;
  out[0] = radius * (isOpposite ? -cos : cos);
  out[1] = radius * (isOpposite ? -sin : sin);
}

/** One 2^24th of a full turn: a power of two times the double nearest to 2π, so exact. */
const RADIANS = 2 * Math.PI * 2 ** -24;

/**
 * ln(n / 2^24) for integers n in [1, 2^24]: n = m 2^e with m in [√½, √2], ln m = 2 artanh(z), z = (m - 1) / (m + 1).
 * |z| <= 0.1716, so eleven terms of z (1 + z²/3 + z⁴/5 + …) leave an error of 2^-56.
 */
function lnFraction(n: number): number {
  const high = 31 - Math.clz32(n);
  const scaled = n / (1 << high);
  const isUpper = scaled > Math.SQRT2;
  const m = isUpper ? scaled * 0.5 : scaled;
  const e = (isUpper ? high + 1 : high) - 24;
  const z = (m - 1) / (m + 1);
  const y = z * z;
  let sum = 1 / 21;
  sum = sum * y + 1 / 19;
  sum = sum * y + 1 / 17;
  sum = sum * y + 1 / 15;
  sum = sum * y + 1 / 13;
  sum = sum * y + 1 / 11;
  sum = sum * y + 1 / 9;
  sum = sum * y + 1 / 7;
  sum = sum * y + 1 / 5;
  sum = sum * y + 1 / 3;
  sum = sum * y + 1;
  return e * Math.LN2 + 2 * (z * sum);
}

/** sin x for |x| <= π/4: its series to x^17 / 17!, error below 2^-60. */
function sine(x: number): number {
  const y = x * x;
  let sum = 1 / 355687428096000;
  sum = sum * y - 1 / 1307674368000;
  sum = sum * y + 1 / 6227020800;
  sum = sum * y - 1 / 39916800;
  sum = sum * y + 1 / 362880;
  sum = sum * y - 1 / 5040;
  sum = sum * y + 1 / 120;
  sum = sum * y - 1 / 6;
  sum = sum * y + 1;
  return x * sum;
}

/** cos x for |x| <= π/4: its series to x^18 / 18!, error below 2^-60. */
function cosine(x: number): number {
  const y = x * x;
  let sum = -1 / 6402373705728000;
  sum = sum * y + 1 / 20922789888000;
  sum = sum * y - 1 / 87178291200;
  sum = sum * y + 1 / 479001600;
  sum = sum * y - 1 / 3628800;
  sum = sum * y + 1 / 40320;
  sum = sum * y - 1 / 720;
  sum = sum * y + 1 / 24;
  sum = sum * y - 1 / 2;
  sum = sum * y + 1;
  return sum;
}
