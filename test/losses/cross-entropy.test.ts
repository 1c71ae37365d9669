import assert from "node:assert/strict";
import { test } from "node:test";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { assertClose } from "../support/assert-close.js";

test("gives the hand-computed values on four classes", () => {
  const logits = Float32Array.of(3, 1, 2, -1, 1, 3, 2, -1, 5, 5, 1, 0);
  const { values } = crossEntropy(logits, Int32Array.of(0, 0, 0), 4);
  assertClose(values, [0.41972, 2.41972, 0.7056], 5e-6);
});

test("agrees with the double-precision means of the method's examples", () => {
  const labels = Int32Array.of(0, 1);
  const natural = crossEntropy(Float32Array.of(2, 1, 0, 0.5, -0.5, 1.5), labels, 3).values;
  const adversarial = crossEntropy(Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4), labels, 3).values;
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assertClose([mean(natural), mean(adversarial)], [1.4076059644443806, 1.0834291761330954], 1e-7);
});

test("has the gradient that finite differences of the sum give", () => {
  const labels = Uint8Array.of(2, 0);
  const logits = Float32Array.of(0.5, -1, 0.25, 2, -2, 1.5);
  const { gradient } = crossEntropy(logits, labels, 3);
  const h = 2 ** -7;
  const sum = (shifted: Float32Array) => crossEntropy(shifted, labels, 3).values.reduce((a, b) => a + b, 0);
  const differences = logits.map(
    (value, i) => (sum(logits.with(i, value + h)) - sum(logits.with(i, value - h))) / (2 * h),
  );
  assertClose(gradient, differences, 1e-4);
});

test("does not overflow on large logits, and its gradient is exactly 0 where the margin is large", () => {
  const { values, gradient } = crossEntropy(Float32Array.of(1e5, 0, -1e5), Int32Array.of(0), 3);
  assertClose(values, [0], 0);
  assertClose(gradient, [0, 0, 0], 0);
  assert.deepEqual([...crossEntropy(Float32Array.of(1e5, 0), Int32Array.of(1), 2).gradient], [1, -1]);
});

test("rounds the label's gradient to 0 beyond 18 nats while the others still count", () => {
  const { gradient } = crossEntropy(Float32Array.of(18, 0), Int32Array.of(0), 2);
  assert.equal(gradient[0], 0);
  assertClose([gradient[1] ?? 0], [Math.exp(-18)], 1e-14);
});

test("refuses labels that are no class and batches that do not fit", () => {
  assert.throws(() => crossEntropy(Float32Array.of(1, 2), Int32Array.of(2), 2), /label 2 is not one of 2 classes/);
  assert.throws(() => crossEntropy(Float32Array.of(1, 2, 3), Int32Array.of(0), 2), /3 logits are not 1 samples/);
});
