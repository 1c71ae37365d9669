import assert from "node:assert/strict";
import { test } from "node:test";
import { boostedCrossEntropy } from "../../src/losses/boosted-cross-entropy.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { assertClose } from "../support/assert-close.js";
import { finiteDifferences } from "../support/finite-differences.js";

const logits = Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4);
const labels = Uint8Array.of(0, 1);

test("adds the golden margin terms to the cross-entropy", () => {
  const plain = crossEntropy(logits, labels, 3).values;
  const margins = boostedCrossEntropy(logits, labels, 3).values.map((value, i) => value - (plain[i] ?? 0));
  assertClose(margins, [0.853308874, 0.51359542], 1e-6);
});

test("has the gradient that finite differences of the sum give, whichever class is the rival", () => {
  const { gradient } = boostedCrossEntropy(logits, labels, 3);
  const sum = (moved: Float32Array) => boostedCrossEntropy(moved, labels, 3).values.reduce((a, b) => a + b, 0);
  assertClose(gradient, finiteDifferences(sum, logits), 1e-4);
});

test("among equal rivals the one of the lowest index is pushed down", () => {
  const { gradient } = boostedCrossEntropy(Float32Array.of(0, 2, 2), Uint8Array.of(0), 3);
  assert.ok((gradient[1] ?? 0) > (gradient[2] ?? 0));
  const last = boostedCrossEntropy(Float32Array.of(2, 2, 0), Uint8Array.of(2), 3).gradient;
  assert.ok((last[0] ?? 0) > (last[1] ?? 0));
});

test("stays finite where a probability is 0 or 1", () => {
  const { values, gradient } = boostedCrossEntropy(Float32Array.of(500, 0, 0, 500), Uint8Array.of(0, 0), 2);
  assertClose(values, [-Math.log(1.0001), 500 - Math.log(0.0001)], 1e-3);
  assert.ok(gradient.every(Number.isFinite));
});

test("refuses a label that is no class", () => {
  assert.throws(() => boostedCrossEntropy(logits, Uint8Array.of(0, 3), 3), /label 3 is not one of 3 classes/);
});
