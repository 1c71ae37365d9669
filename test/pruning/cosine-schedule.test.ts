import assert from "node:assert/strict";
import { test } from "node:test";
import { cosineRate } from "../../src/pruning/cosine-schedule.js";

test("the cosine has its peak in the second epoch and the published values around it", () => {
  const golden: [number, number, number][] = [
    [100, 0, 0.09997533],
    [100, 1, 0.1],
    [100, 2, 0.09997533],
    [100, 50, 0.05157054],
    [100, 98, 0.0002219],
    [100, 99, 9.866e-5],
    [20, 0, 0.09938442],
    [20, 10, 0.05782172],
    [20, 18, 0.00544967],
    [20, 19, 0.00244717],
  ];
  for (const [epochs, epoch, rate] of golden)
    assert.ok(Math.abs(cosineRate(0.1, epoch, epochs) - rate) < 6e-9, `epoch ${epoch} of ${epochs}`);
});

test("a stage of one epoch keeps the peak rate instead of the formula's zero", () => {
  assert.equal(cosineRate(0.1, 0, 1), 0.1);
});
