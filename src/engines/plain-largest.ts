/** The largest magnitudes of an array in plain arithmetic: the definition that the addon is tested against, position by position. */

export interface LargestOptions {
  /** How many to choose, at most all. */
  readonly count: number;
  /** Which of equal magnitudes are chosen first; zeros of both signs are equal. */
  readonly ties: "first" | "last";
}

/** Ascending positions of the `count` largest |values|; not-a-number is larger than infinity, by its bits. */
export function plainLargest(values: Float32Array, { count, ties }: LargestOptions): Uint32Array {
  const chosen = new Uint32Array(count);
  if (count === 0) return chosen;
  const magnitudes = magnitudesOf(values);
  const { threshold, above } = cutOf(magnitudes, count);
  const isFirst = ties === "first";
  let equals = count - above;
  for (let i = 0, found = 0; found < count; i++) {
    const position = isFirst ? i : magnitudes.length - 1 - i;
    const magnitude = magnitudes[position] as number;
    if (magnitude < threshold || (magnitude === threshold && equals-- <= 0)) continue;
    chosen[isFirst ? found : count - 1 - found] = position;
    found++;
  }
  return chosen;
}

/** The bits of a float without its sign order like its magnitude. */
const MAGNITUDE = 0x7fffffff;

function magnitudesOf(values: Float32Array): Uint32Array {
  const magnitudes = new Uint32Array(values.buffer, values.byteOffset, values.length).slice();
  for (let i = 0; i < magnitudes.length; i++) magnitudes[i] = (magnitudes[i] as number) & MAGNITUDE;
  return magnitudes;
}

// Selection counts digits instead of comparing: three passes whatever the values and however many are equal.
const DIGITS = [
  { shift: 20, size: 2048 },
  { shift: 10, size: 1024 },
  { shift: 0, size: 1024 },
] as const;

/** The `count`-th largest magnitude, and how many lie above it. */
function cutOf(magnitudes: Uint32Array, count: number): { threshold: number; above: number } {
  let threshold = 0;
  let above = 0;
  for (const { shift, size } of DIGITS) {
    const found = digitOfRank(digitCounts(magnitudes, threshold, shift, size), count - above);
    threshold = threshold * size + found.digit;
    above += found.above;
  }
  return { threshold, above };
}

/** How often each digit at `shift` follows `prefix`. */
function digitCounts(magnitudes: Uint32Array, prefix: number, shift: number, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  const prefixShift = shift + Math.log2(size);
  const mask = size - 1;
  for (let i = 0; i < magnitudes.length; i++) {
    const magnitude = magnitudes[i] as number;
    // A shift by 31 leaves nothing of a magnitude, so the first pass counts all.
    if (magnitude >>> prefixShift !== prefix) continue;
    const digit = (magnitude >>> shift) & mask;
    counts[digit] = (counts[digit] as number) + 1;
  }
  return counts;
}

/** The digit that holds the rank-th largest (from 1) and how many lie above it. */
function digitOfRank(counts: Uint32Array, rank: number): { digit: number; above: number } {
  let above = 0;
  for (let digit = counts.length - 1; digit >= 0; digit--) {
    const count = counts[digit] as number;
    if (above + count >= rank) return { digit, above };
    above += count;
  }
  throw new RangeError(`rank ${rank} is past the ${above} entries counted`);
}
