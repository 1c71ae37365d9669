/** Several tests in one table: p-values corrected so that the chance of one false alarm stays below the level (Holm 1979). */

/** The corrected p-values in the order given: the k-th smallest of m times (m − k + 1), never below a smaller one, at most 1. */
export function holm(values: readonly number[]): readonly number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const corrected = values.map(() => 1);
  let largest = 0;
  for (const [rank, { value, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, value * (values.length - rank)));
    corrected[index] = largest;
  }
  return corrected;
}
