import assert from "node:assert/strict";
import { test } from "node:test";
import { dlr, dlrTargeted } from "../../src/losses/dlr.js";
import { assertClose } from "../support/assert-close.js";
import { assertGradient } from "../support/loss-gradients.js";

const ranked = Float32Array.of(3, 1, 2, -1, 1, 3, 2, -1, 2, 3, 1, -1, 5, 5, 1, 0);
const zeros = Int32Array.of(0, 0, 0, 0);

test("the ratio has its golden values", () => {
  assertClose(dlr(ranked, zeros, 4).values, [-0.5, 1, 0.5, 0], 1e-7);
});

test("the targeted ratio has its golden values", () => {
  const { values } = dlrTargeted(ranked.subarray(0, 8), zeros.subarray(0, 2), Int32Array.of(2, 1), 4);
  assertClose(values, [-1 / 3, 2 / 3], 1e-7);
});

test("a label that is third sees no gradient", () => {
  assertClose(dlr(ranked.subarray(4, 8), Int32Array.of(0), 4).gradient, [0, 0, 0, 0], 1e-12);
});

test("logits that are all the same give 0, not a number that is none", () => {
  const same = Float32Array.of(2, 2, 2, 2);
  assert.equal(dlr(same, Int32Array.of(1), 4).values[0], 0);
  assert.equal(dlrTargeted(same, Int32Array.of(1), Int32Array.of(3), 4).values[0], 0);
});

test("neither scale nor shift of the logits changes the values", () => {
  const moved = ranked.map((logit) => 1000 * logit + 5);
  assertClose(dlr(moved, zeros, 4).values, dlr(ranked, zeros, 4).values, 1e-5);
});

test("gradients are those of finite differences, denominators included", () => {
  assertGradient(dlr);
  for (const target of [0, 1, 2, 3, 4]) {
    assertGradient((logits, labels, classes) => {
      const targets = labels.map((label) => (label === target ? (target + 1) % classes : target));
      return dlrTargeted(logits, labels, targets, classes);
    });
  }
});

test("too few classes are refused", () => {
  assert.throws(() => dlr(Float32Array.of(1, 2), Int32Array.of(0), 2), /needs 3 classes, there are 2/);
  assert.throws(
    () => dlrTargeted(Float32Array.of(1, 2, 3), Int32Array.of(0), Int32Array.of(1), 3),
    /needs 4 classes, there are 3/,
  );
  assert.throws(() => dlrTargeted(ranked.subarray(0, 4), Int32Array.of(0), Int32Array.of(4), 4), RangeError);
});
