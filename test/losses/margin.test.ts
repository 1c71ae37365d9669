import assert from "node:assert/strict";
import { test } from "node:test";
import { cwLoss, margin } from "../../src/losses/margin.js";
import { assertClose } from "../support/assert-close.js";
import { assertGradient } from "../support/loss-gradients.js";

test("the margin is positive exactly where the label is not the largest logit", () => {
  const { values, gradient } = margin(Float32Array.of(3, 1, 2, -1, 1, 3, 2, -1), Int32Array.of(0, 0), 4);
  assertClose(values, [-1, 2], 0);
  assert.deepEqual([...gradient], [-1, 0, 1, 0, -1, 1, 0, 0]);
});

test("of equal logits the lowest class is the rival, and never the label", () => {
  assert.deepEqual([...margin(Float32Array.of(5, 5, 5), Int32Array.of(0), 3).gradient], [-1, 1, 0]);
  assert.deepEqual([...margin(Float32Array.of(5, 5, 5), Int32Array.of(1), 3).gradient], [1, -1, 0]);
  // Logits that dwarf any constant which could have been subtracted from the label's.
  assert.deepEqual([...margin(Float32Array.of(3e5, 1e5, 2e5), Int32Array.of(0), 3).gradient], [-1, 0, 1]);
});

test("Carlini and Wagner's loss is 0 without a gradient from a misclassification by kappa on", () => {
  const logits = Float32Array.of(0, 49, 0, 50, 0, 51, 3, 1);
  const { values, gradient } = cwLoss(50)(logits, Int32Array.of(0, 0, 0, 0), 2);
  assertClose(values, [-1, 0, 0, -52], 0);
  assert.deepEqual([...gradient], [-1, 1, 0, 0, 0, 0, -1, 1]);
});

test("with an infinite kappa it is the margin", () => {
  const logits = Float32Array.of(0, 80, 3, 1);
  const labels = Int32Array.of(0, 0);
  assert.deepEqual(cwLoss(Number.POSITIVE_INFINITY)(logits, labels, 2), margin(logits, labels, 2));
});

test("gradients are those of finite differences", () => {
  assertGradient(margin);
  assertGradient(cwLoss(50));
});
