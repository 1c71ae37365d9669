import assert from "node:assert/strict";
import { test } from "node:test";
import { finiteRows, predictions } from "../../src/losses/predictions.js";

test("takes the lowest index among equal logits", () => {
  assert.deepEqual([...predictions(Float32Array.of(1, 3, 3, 0, 0, 0), 3)], [1, 0]);
});

test("marks rows with a value that is not finite", () => {
  const logits = Float32Array.of(1, 2, Number.NaN, 0, 0, Number.POSITIVE_INFINITY, -1, -2);
  assert.deepEqual([...finiteRows(logits, 2)], [1, 0, 0, 1]);
});
