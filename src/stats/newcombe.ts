/** The interval of a difference of two shares on the same samples: Newcombe 1998 (Statistics in Medicine 17, 2635-2650), method 10. */
import type { Pairs } from "./mcnemar.js";
import { type Interval, wilsonInterval } from "./wilson.js";

/**
 * The 95 % interval of (first's share − second's share), from the four cases of paired outcomes: the Wilson intervals of
 * both shares, joined with the correlation φ of the pairs. RangeError where there is no sample.
 */
export function newcombePaired(pairs: Pairs): Interval {
  const { both, onlyFirst, onlySecond, neither } = pairs;
  const samples = both + onlyFirst + onlySecond + neither;
  const first = shareOf(both + onlyFirst, samples);
  const second = shareOf(both + onlySecond, samples);
  const difference = (onlyFirst - onlySecond) / samples;
  const phi = correlation(pairs, samples);
  return {
    low: Math.max(-1, difference - joined(first.below, second.above, phi)),
    high: Math.min(1, difference + joined(first.above, second.below, phi)),
  };
}

/** How far the Wilson interval reaches below and above the share. */
function shareOf(successes: number, trials: number): { readonly below: number; readonly above: number } {
  const { low, high } = wilsonInterval(successes, trials);
  return { below: successes / trials - low, above: high - successes / trials };
}

/** φ with the continuity correction of method 10; 0 where a margin is empty. */
function correlation({ both, onlyFirst, onlySecond, neither }: Pairs, samples: number): number {
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  const covariance = both * neither - onlyFirst * onlySecond;
  const corrected = covariance > 0 ? Math.max(0, covariance - samples / 2) : covariance;
  return margins === 0 ? 0 : corrected / Math.sqrt(margins);
}

function joined(one: number, other: number, phi: number): number {
  // Never below 0 but by rounding, where φ is 1 and both reach equally far.
  return Math.sqrt(Math.max(0, one * one - 2 * phi * one * other + other * other));
}
