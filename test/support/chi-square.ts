/** Pearson's chi-square test of counts against what was expected. */

/** 0.999 quantiles of chi-square, by degrees of freedom. */
const QUANTILES = new Map([
  [3, 16.266],
  [99, 148.23],
]);

export interface ChiSquareOptions {
  readonly expected: Float64Array;
  readonly probability: 0.999;
}

/** Whether the statistic stays below the quantile: it does so with that probability when the law is right. */
export function chiSquareBelow(counts: Float64Array, { expected }: ChiSquareOptions): boolean {
  const quantile = QUANTILES.get(counts.length - 1);
  if (quantile === undefined) throw new Error(`no quantile for ${counts.length - 1} degrees of freedom`);
  let statistic = 0;
  for (const [i, count] of counts.entries()) {
    const mean = expected[i] ?? 0;
    statistic += (count - mean) ** 2 / mean;
  }
  return statistic < quantile;
}
