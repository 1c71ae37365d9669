/** McNemar's exact test: do two networks differ, judged by the samples on which exactly one of them is right (McNemar 1947). */

/**
 * The two-sided p-value: under the null each of the `onlyFirst + onlySecond` discordant samples falls to either side with
 * probability one half, so p = min(1, 2 P(Binomial(n, 1/2) <= smaller side)). 1 when there is no discordant sample.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  if (!(Number.isSafeInteger(onlyFirst) && Number.isSafeInteger(onlySecond) && onlyFirst >= 0 && onlySecond >= 0)) {
    throw new RangeError(`${onlyFirst} and ${onlySecond} are no counts of discordant samples`);
  }
  const trials = onlyFirst + onlySecond;
  return Math.min(1, 2 * lowerTail(Math.min(onlyFirst, onlySecond), trials));
}

/** P(Binomial(trials, 1/2) <= most), summed from the largest term down, in logarithms: 2^-trials alone underflows from 1,075. */
function lowerTail(most: number, trials: number): number {
  let logTerm = -trials * Math.LN2;
  for (let k = 1; k <= most; k++) logTerm += Math.log((trials - k + 1) / k);
  let ratio = 1;
  let sum = 1;
  for (let k = most; k > 0 && ratio > sum * 1e-17; k--) {
    ratio *= k / (trials - k + 1);
    sum += ratio;
  }
  return Math.exp(logTerm + Math.log(sum));
}

export interface Pairs {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/** Counts the four cases over two equally long lists of outcomes (1: right). */
export function countPairs(first: Uint8Array, second: Uint8Array): Pairs {
  if (first.length !== second.length)
    throw new RangeError(`${first.length} outcomes cannot be paired with ${second.length}`);
  const cases = [0, 0, 0, 0];
  for (const [i, outcome] of first.entries()) {
    const which = (outcome === 0 ? 0 : 2) + ((second[i] ?? 0) === 0 ? 0 : 1);
    cases[which] = (cases[which] ?? 0) + 1;
  }
  const [neither = 0, onlySecond = 0, onlyFirst = 0, both = 0] = cases;
  return { both, onlyFirst, onlySecond, neither };
}
