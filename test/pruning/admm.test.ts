import assert from "node:assert/strict";
import { test } from "node:test";
import type { Training } from "../../src/engines/engine.js";
import {
  admmUpdate,
  penalty,
  projection,
  restoredSplit,
  type SplitLayer,
  splitLayers,
  updateSplit,
} from "../../src/pruning/admm.js";
import { keepLargest } from "../../src/pruning/mask.js";
import { kernelValues } from "../../src/pruning/masked-network.js";
import { sgdStepInto } from "../../src/training/sgdw.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution, squareGradient } from "../support/pruning-network.js";

const floats = (...values: number[]) => Float32Array.from(values);
const kept = new Map([
  ["conv1", 10],
  ["fc", 12],
]);

function splitOf(weights: Float32Array, count: number): SplitLayer {
  const { values: sparse, positions } = projection(weights, count);
  return {
    name: "one",
    kept: count,
    sparse,
    dual: new Float32Array(weights.length),
    target: sparse,
    positions,
    first: positions,
  };
}

test("golden: half of [0.5, -0.1, 0.3, -0.7] is kept above 0.4, at a penalty of 5e-5 for rho 1e-3", () => {
  const weights = floats(0.5, -0.1, 0.3, -0.7);
  const layer = splitOf(weights, 2);
  assert.deepEqual(layer.sparse, floats(0.5, 0, 0, -0.7));
  assert.ok(Math.abs(thresholdOf(weights, 2) - 0.4) < 1e-7);
  assert.ok(Math.abs(penalty(layer, weights, 1e-3) - 5e-5) < 1e-11);
});

test("golden: after [0.45, -0.05, 0.32, -0.68] the threshold is 0.385, Z keeps its two largest and U holds the rest", () => {
  const layer = splitOf(floats(0.5, -0.1, 0.3, -0.7), 2);
  const weights = floats(0.45, -0.05, 0.32, -0.68);
  assert.equal(updateSplit(layer, weights), 0);
  assert.ok(Math.abs(thresholdOf(weights, 2) - 0.385) < 1e-7);
  assert.deepEqual(layer.sparse, floats(0.45, 0, 0, -0.68));
  assert.deepEqual(layer.dual, floats(0, -0.05, 0.32, 0));
  assert.deepEqual(layer.target, floats(0.45, 0.05, -0.32, -0.68));
});

test("the dual adds up what the weights lack, until a weight that stays large comes into Z", () => {
  const layer = splitOf(floats(0.5, -0.1, 0.3, -0.7), 2);
  const weights = floats(0.45, -0.05, 0.32, -0.68);
  updateSplit(layer, weights);
  assert.equal(updateSplit(layer, weights), 1);
  assert.deepEqual([...layer.positions], [2, 3]);
  assert.ok(Math.abs((layer.sparse[2] ?? 0) - 0.64) < 1e-6);
  assert.deepEqual([layer.dual[0], layer.dual[2]], [Math.fround(0.45), 0]);
});

test("the projection works on a copy and keeps exactly as many as asked, ties too", () => {
  const weights = floats(0.5, -0.5, 0.5, 0.5);
  const { values, positions } = projection(weights, 3);
  assert.equal(positions.length, 3);
  assert.notEqual(values, weights);
  assert.deepEqual(weights, floats(0.5, -0.5, 0.5, 0.5));
});

test("a step is SGD on the gradient with rho (W - Z + U) added, for weights under the split alone, and rho grows by cycles", () => {
  const network = smallConvolution();
  const layers = splitLayers(network, kept);
  const training = plainEngine.train(network, { rules: new Map() });
  const constants = { rho: 0.5, rhoGrowth: 2, cycles: 2, steps: 4 };
  const update = admmUpdate({ layers, momentum: 0.9, ...constants });
  const rates = { learningRate: 0.1, weightDecay: 1e-4 };
  const values = kernelValues(network, "conv1").values.slice();
  const momentum = new Float32Array(values.length);
  let changed = 0;
  for (let step = 0; step < 4; step++) {
    const gradient = gradientOf(training, step);
    if (step === 2) updateSplit(copyOf(layers[0]), values);
    const moment = { training, step, rates };
    for (const _ of update.apply(moment));
    const target = layers[0]?.target ?? floats();
    const rho = step < 2 ? 0.5 : 1;
    sgdStepInto(
      { values, momentum, gradient: gradient.map((g, i) => g + rho * ((values[i] ?? 0) - (target[i] ?? 0))) },
      { momentum: 0.9, ...rates },
    );
    const found = training.tensors().get("conv1.weight")?.values ?? floats();
    for (const [i, value] of found.entries()) assert.ok(Math.abs(value - (values[i] ?? 0)) < 1e-5, `step ${step}`);
    values.set(found);
    changed += layers[0]?.dual.some((u) => u !== 0) ? 1 : 0;
  }
  // Updated once, before the third step.
  assert.equal(changed, 2);
});

test("over many updates the weights come to their sparse copy", () => {
  const network = smallConvolution();
  const layers = splitLayers(network, kept);
  const training = plainEngine.train(network, { rules: new Map() });
  const update = admmUpdate({ layers, momentum: 0.9, rho: 0.3, rhoGrowth: 1, cycles: 20, steps: 400 });
  const share = () => distance(training, layers) / norm(training.tensors().get("conv1.weight")?.values);
  const before = share();
  for (let step = 0; step < 400; step++) {
    gradientOf(training, step % 4);
    const moment = { training, step, rates: { learningRate: 0.02, weightDecay: 1e-4 } };
    for (const _ of update.apply(moment));
  }
  const after = share();
  assert.ok(after < 0.25 * before, `${after} of ${before}`);
});

test("a split restored from its state has the same copy, dual, target and positions", () => {
  const network = smallConvolution();
  const layers = splitLayers(network, kept);
  for (const layer of layers)
    updateSplit(
      layer,
      kernelValues(network, layer.name).values.map((w) => 1.1 * w),
    );
  const saved = admmUpdate({ layers, momentum: 0.9, rho: 1, rhoGrowth: 1, cycles: 1, steps: 1 }).state();
  assert.deepEqual(restoredSplit(kept, saved), layers);
});

/** Halfway between the largest magnitude that goes and the smallest that stays. */
function thresholdOf(weights: Float32Array, count: number): number {
  const stays = new Set(keepLargest(weights, count));
  const magnitudes = [...weights.map(Math.abs)];
  const least = Math.min(...magnitudes.filter((_, i) => stays.has(i)));
  const most = Math.max(...magnitudes.filter((_, i) => !stays.has(i)));
  return (least + most) / 2;
}

function gradientOf(training: Training, number: number): Float32Array {
  const tape = training.forward(imageBatch(smallConvolution(), 8, number));
  training.backward(
    tape,
    squareGradient(tape.logits).map((value) => value / 8),
  );
  return training.gradient("conv1.weight");
}

function copyOf(layer: SplitLayer | undefined): SplitLayer {
  assert.ok(layer);
  return { ...layer };
}

function distance(training: Training, layers: readonly SplitLayer[]): number {
  const weights = training.tensors().get("conv1.weight")?.values ?? floats();
  const sparse = layers[0]?.sparse ?? floats();
  return norm(weights.map((weight, i) => weight - (sparse[i] ?? 0)));
}

function norm(values: Float32Array = floats()): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
