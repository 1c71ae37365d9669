/** Quirks of the published code that are kept or mended, where no other test tells. The list is in docs/pruning.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { settle } from "../../src/commands/prune-hydra-options.js";
import type { Training } from "../../src/engines/engine.js";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { hydraUpdate, type ScoredLayer, scoredLayers } from "../../src/pruning/hydra.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { keepLargest } from "../../src/pruning/mask.js";
import { maskedNetwork } from "../../src/pruning/masked-network.js";
import { callOf } from "../support/command-context.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution, squareGradient } from "../support/pruning-network.js";

const settled = async (flags: object) => settle((await callOf(pruneHydra, { ...flags })).options);

test("H1, H5, H11: the published radius, step, statistics and selection come with the reference profile alone", async () => {
  const [ours, theirs] = await Promise.all([settled({}), settled({ profile: "reference" })]);
  assert.deepEqual([ours.attack.epsilon, ours.attack.stepSize], [8 / 255, 2 / 255]);
  assert.deepEqual([theirs.attack.epsilon, theirs.attack.stepSize], [0.031, 0.0078]);
  assert.deepEqual([ours.statistics.updates, theirs.statistics.updates], ["once", "hydra"]);
  assert.deepEqual([ours.select, theirs.select], ["val-pgd", "test-clean"]);
});

test("H3: where the loss does not care weight decay pulls the scores down, so that useless weights lose their place", () => {
  const { layers, training } = stage();
  const before = layers.map(({ scores }) => scores.slice());
  step(training, layers, { gradients: false, weightDecay: 0.1 });
  for (const [i, { scores }] of layers.entries())
    for (const [j, score] of scores.entries())
      assert.ok(Math.abs(score - (before[i]?.[j] ?? 0) * (1 - 0.1 * 0.1)) < 1e-6);
});

test("H6: the wide residual network is built without the group that the published one never uses", () => {
  const { graph, input } = catalogModel({ name: "wrn28_4", width: 1, input: [32, 32, 3], classes: 10 });
  const weights = weightLayers(graph, input).reduce((sum, { size }) => sum + size, 0);
  assert.equal(weights, 5_841_840);
  assert.ok(graph.every(({ name }) => !name.includes("sub")));
});

test("H9: 100 classes are pruned like 10", () => {
  const { graph, input } = catalogModel({ name: "resnet18", width: 1, input: [32, 32, 3], classes: 100 });
  assert.equal([...keptCounts(weightLayers(graph, input), { density: 0.01 }).values()].at(-1), 512);
});

test("H10, H16, H18: stages go on from the last network, and every default is the published recipe's, the prune stage's 0.1 too", async () => {
  const { options } = await callOf(pruneHydra, {});
  assert.equal(options.from, "last");
  const { optimizers, batchSize } = settle(options);
  const told = Object.values(optimizers).map(({ epochs, learningRate, weightDecay }) => [
    epochs,
    learningRate,
    weightDecay,
  ]);
  assert.deepEqual(told, [
    [100, 0.1, 1e-4],
    [20, 0.1, 1e-4],
    [100, 0.01, 1e-4],
  ]);
  assert.deepEqual([batchSize, options.attackSteps, options.beta], [128, 10, 6]);
  assert.equal((await settled({ objective: "rst" })).batchSize, 256);
});

test("H12: one ratio leaves five weights in the first layer of WRN-28-4 at 1 %", () => {
  const { graph, input } = catalogModel({ name: "wrn28_4", width: 1, input: [32, 32, 3], classes: 10 });
  assert.equal([...keptCounts(weightLayers(graph, input), { density: 0.01 }).values()][0], 5);
});

test("H14: equal scores lose by their position, always alike, and scores of 0 stay 0 where nothing decays", () => {
  assert.deepEqual([...keepLargest(Float32Array.of(1, -1, 1, 1), 2)], [2, 3]);
  const { layers, training } = stage();
  for (const { scores } of layers) scores.fill(0);
  step(training, layers, { gradients: true, weightDecay: 0 });
  assert.ok(layers.every(({ scores }) => scores.every((score) => score === 0)));
});

test("H17: a step sorts the scores once, behind it; attack and passes run on the engine's connections", () => {
  const { layers, training } = stage();
  let changes = 0;
  const counting = new Proxy(training, {
    get(target, key) {
      if (key === "reconnect") changes++;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  step(counting, layers, { gradients: true, weightDecay: 1e-4, learningRate: 5 });
  assert.ok(changes > 0 && changes <= layers.length);
  for (const [number, { positions }] of layers.entries()) assert.deepEqual(training.connections(number), positions);
});

function stage(): { layers: ScoredLayer[]; training: Training } {
  const network = smallConvolution();
  const kept = keptCounts(weightLayers(network.graph, network.input), { density: 0.3 });
  const layers = scoredLayers({ network, kept, start: "scaled", gradients: null, seed: 1 });
  const masks = new Map(layers.map(({ name, positions }) => [name, positions]));
  const training = plainEngine.train(maskedNetwork(network, masks), {
    rules: new Map(layers.map(({ name }) => [name, "masked"] as const)),
    fullGradients: new Set(kept.keys()),
  });
  return { layers, training };
}

interface StepChoice {
  readonly gradients: boolean;
  readonly weightDecay: number;
  readonly learningRate?: number;
}

function step(training: Training, layers: readonly ScoredLayer[], { gradients, ...rates }: StepChoice): void {
  const tape = training.forward(imageBatch(smallConvolution(), 8));
  const gradient = squareGradient(tape.logits);
  training.backward(tape, gradients ? gradient : new Float32Array(gradient.length));
  const update = hydraUpdate({ layers, momentum: 0.9, freezeBatchNorm: false });
  for (const _ of update.apply({ training, step: 0, rates: { learningRate: 0.1, ...rates } }));
}
