import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tensor } from "../../src/models/network.js";
import { MovingAverage } from "../../src/training/moving-average.js";

const dense = (values: readonly number[]): Tensor => ({
  type: "dense",
  shape: [values.length],
  values: Float32Array.from(values),
});
const sparse = (entries: Readonly<Record<number, number>>): Tensor => ({
  ...{ type: "connections", shape: [4] },
  index: Uint32Array.from(Object.keys(entries), Number),
  values: Float32Array.from(Object.values(entries)),
});
const network = (bias: readonly number[], kernel: Readonly<Record<number, number>>) =>
  new Map([
    ["a.bias", dense(bias)],
    ["a.weight", sparse(kernel)],
  ]);

test("an average keeps its share of what it was, where there was no connection of 0", () => {
  const average = new MovingAverage(0.5, network([8], { 0: 4, 2: 2 }), null);
  const now = network([0], { 0: 8, 3: 16 });
  average.follow(now, 100);
  assert.deepEqual(average.tensors(now), network([4], { 0: 6, 3: 8 }));
  average.follow(now, 101);
  assert.deepEqual(average.tensors(network([0], { 2: 1 })), network([2], { 2: 0.5 }));
});

test("early steps weigh more, so that the drawn weights are soon forgotten", () => {
  const average = new MovingAverage(0.999, network([1], {}), null);
  average.follow(network([0], {}), 0);
  assert.deepEqual(average.tensors(network([0], {})).get("a.bias"), dense([0.1]));
});

test("an average goes on from its state", () => {
  const [first, second] = [network([8], { 0: 4 }), network([1], { 0: 1, 1: 3 })];
  const average = new MovingAverage(0.5, first, null);
  average.follow(second, 50);
  const restored = new MovingAverage(0.5, second, average.state());
  for (const one of [average, restored]) one.follow(first, 51);
  assert.deepEqual(restored.tensors(first), average.tensors(first));
  assert.deepEqual(restored.state(), average.state());
});
