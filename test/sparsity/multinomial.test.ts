import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import { splitAtRandom } from "../../src/sparsity/multinomial.js";
import { chiSquareBelow } from "../support/chi-square.js";

const weights = [1728, 36_864, 2560, 524_288];
const all = weights.reduce((sum, weight) => sum + weight, 0);
const total = 20_000;
const repeats = 50;
const splits = Array.from({ length: repeats }, (_, repeat) =>
  splitAtRandom(stream(1, "rewire", repeat), { total, weights, rooms: weights }),
);

test("a split hands out exactly the total", () => {
  for (const split of splits) assert.equal(sumOf(split), total);
});

test("shares are in proportion to the weights", () => {
  const counts = Float64Array.from(weights, (_, layer) => splits.reduce((sum, split) => sum + (split[layer] ?? 0), 0));
  const expected = Float64Array.from(weights, (weight) => (total * repeats * weight) / all);
  assert.ok(chiSquareBelow(counts, { expected, probability: 0.999 }));
});

test("shares vary as those of independent draws", () => {
  const many = Array.from({ length: 2000 }, (_, repeat) =>
    splitAtRandom(stream(2, "rewire", repeat), { total: 400, weights: [1, 3, 4], rooms: [400, 400, 400] }),
  );
  for (const [layer, q] of [1 / 8, 3 / 8, 4 / 8].entries()) {
    const deviations = many.map((split) => ((split[layer] ?? 0) - 400 * q) ** 2);
    const variance = deviations.reduce((sum, square) => sum + square, 0) / many.length;
    const expected = 400 * q * (1 - q);
    assert.ok(Math.abs(variance / expected - 1) < 0.1, `layer ${layer}: variance ${variance}, expected ${expected}`);
  }
});

test("what a layer has no room for goes to the others", () => {
  const split = splitAtRandom(stream(3, "rewire"), { total: 100, weights: [1000, 10, 10], rooms: [5, 80, 80] });
  assert.equal(split[0], 5);
  assert.equal(sumOf(split), 100);
});

test("a split stops when every room is full", () => {
  assert.deepEqual([...splitAtRandom(stream(3, "rewire"), { total: 100, weights: [9, 1], rooms: [5, 3] })], [5, 3]);
  assert.deepEqual([...splitAtRandom(stream(3, "rewire"), { total: 0, weights: [9, 1], rooms: [5, 3] })], [0, 0]);
});

function sumOf(numbers: Int32Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
