/** Comparison of arrays of numbers within an absolute tolerance. */
import assert from "node:assert/strict";

/** Fails, naming the worst entry, unless both have one length and each pair differs by at most `tolerance`. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const distances = Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  for (const [i, distance] of distances.entries()) {
    const message = `entry ${i}: ${actual[i]}, expected ${expected[i]} within ${tolerance}`;
    assert.ok(distance <= tolerance, message);
  }
}
