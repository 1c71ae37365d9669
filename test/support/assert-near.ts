/** Comparison of single-precision results with double-precision ones, relative to their size. */
import assert from "node:assert/strict";

/** Fails unless the lengths agree and the largest difference is at most `tolerance` times the largest expected number (or `smallest`). */
export function assertNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  smallest = 1e-3,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let largest = smallest;
  let distance = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] ?? Number.NaN));
    const off = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    distance = Math.max(distance, off);
  }
  assert.ok(distance <= tolerance * largest, `${what}: off by ${distance}, the largest is ${largest}`);
}
