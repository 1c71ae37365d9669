/** The Wilson score interval of a share: close to its nominal coverage at any share and any count (Wilson 1927). */

/** The 97.5 % quantile of the normal distribution: two-sided 95 %. */
const Z95 = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 95 % interval, in [0, 1], of the rate behind `successes` out of `trials`. Throws a RangeError unless 0 ≤ successes ≤ trials, trials ≥ 1. */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (!(trials >= 1 && successes >= 0 && successes <= trials)) {
    throw new RangeError(`${successes} of ${trials} is no share; a share has 0 <= successes <= trials, trials >= 1`);
  }
  const share = successes / trials;
  const square = (Z95 * Z95) / trials;
  const centre = (share + square / 2) / (1 + square);
  const half = (Z95 * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials))) / (1 + square);
  // At the ends the bound is exactly 0 or 1; rounding would leave 1e-17 there.
  const low = successes === 0 ? 0 : Math.max(0, centre - half);
  const high = successes === trials ? 1 : Math.min(1, centre + half);
  return { low, high };
}
