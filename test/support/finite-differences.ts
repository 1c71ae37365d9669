/** Gradients by central differences, for losses whose arithmetic is in double and whose values are rounded to float32. */

/** Wide enough that float32 values do not drown it, narrow enough that third derivatives are small beside 1e-4. */
const STEP = 2 ** -7;

/** Of `value` with respect to each entry of `at`. */
export function finiteDifferences(value: (moved: Float32Array) => number, at: Float32Array): Float32Array {
  return at.map((entry, i) => {
    const above = value(at.with(i, entry + STEP));
    const below = value(at.with(i, entry - STEP));
    return (above - below) / (2 * STEP);
  });
}
