import assert from "node:assert/strict";
import { test } from "node:test";
import type { Training } from "../../src/engines/engine.js";
import type { Network } from "../../src/models/network.js";
import { currentMasks, hydraUpdate, restoredLayers, type ScoredLayer, scoredLayers } from "../../src/pruning/hydra.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { magnitudeMasks } from "../../src/pruning/magnitude.js";
import { kernelValues, maskedNetwork } from "../../src/pruning/masked-network.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution, squareGradient } from "../support/pruning-network.js";

const rates = { learningRate: 0.1, weightDecay: 1e-4 };

interface Stage {
  readonly network: Network;
  readonly layers: ScoredLayer[];
  readonly training: Training;
}

function beginStage(network: Network, density: number, engine = plainEngine): Stage {
  const kept = keptCounts(
    network.graph.flatMap((layer) =>
      layer.op === "conv" || layer.op === "dense"
        ? [{ name: layer.name, size: kernelValues(network, layer.name).values.length, rewire: true }]
        : [],
    ),
    { density },
  );
  const layers = scoredLayers({ network, kept, start: "scaled", gradients: null, seed: 1 });
  const rules = new Map([...kept.keys()].map((name) => [name, "masked" as const]));
  const training = engine.train(maskedNetwork(network, currentMasks(layers)), {
    rules,
    fullGradients: new Set(kept.keys()),
  });
  return { network, layers, training };
}

function takeStep({ training, layers }: Stage, { step = 0, freezeBatchNorm = false, learningRate = 0.1 } = {}) {
  const tape = training.forward(imageBatch(smallConvolution(), 8, step));
  training.updateStatistics(tape, "unbiased");
  training.backward(tape, squareGradient(tape.logits));
  const update = hydraUpdate({ layers, momentum: 0.9, freezeBatchNorm });
  const running = update.apply({ training, step, rates: { ...rates, learningRate } });
  for (let next = running.next(); ; next = running.next()) if (next.done) return next.value;
}

function values(training: Training, name: string): Float32Array {
  const tensor = training.tensors().get(name);
  assert.ok(tensor);
  return tensor.values;
}

test("the prune stage leaves weights and biases as they are, moves scores and batch-norm, keeps its counts at every step", () => {
  const stage = beginStage(smallConvolution(), 0.2);
  const before = stage.layers.map(({ scores }) => scores.slice());
  const bias = values(stage.training, "fc.bias");
  const gamma = values(stage.training, "bn1.weight");
  let exchanged = 0;
  for (let step = 0; step < 10; step++) {
    const { connections, reconnected, created = new Int32Array(0) } = takeStep(stage, { step });
    exchanged += reconnected;
    assert.equal(created.reduce((sum, count) => sum + count, 0), reconnected); // biome-ignore format: one line
    assert.deepEqual(
      [...connections],
      stage.layers.map(({ kept }) => kept),
    );
    for (const [number, layer] of stage.layers.entries()) {
      assert.deepEqual(stage.training.connections(number), layer.positions);
      assert.equal(layer.positions.length, layer.kept);
    }
  }
  assert.ok(exchanged > 0);
  for (const layer of stage.layers) {
    const frozen = kernelValues(stage.network, layer.name).values;
    assert.deepEqual(layer.weights, frozen);
    assert.deepEqual(
      values(stage.training, `${layer.name}.weight`),
      Float32Array.from(layer.positions, (p) => frozen[p] ?? 0),
    );
  }
  assert.ok(stage.layers.every(({ scores }, i) => scores.some((score, p) => score !== before[i]?.[p])));
  assert.deepEqual(values(stage.training, "fc.bias"), bias);
  assert.notDeepEqual(values(stage.training, "bn1.weight"), gamma);
});

test("with batch-norm frozen gamma and beta stay too, and its running statistics follow", () => {
  const stage = beginStage(smallConvolution(), 0.2);
  const [gamma, beta, mean] = ["bn1.weight", "bn1.bias", "bn1.running_mean"].map((name) =>
    values(stage.training, name),
  );
  for (let step = 0; step < 3; step++) takeStep(stage, { step, freezeBatchNorm: true });
  assert.deepEqual(values(stage.training, "bn1.weight"), gamma);
  assert.deepEqual(values(stage.training, "bn1.bias"), beta);
  assert.notDeepEqual(values(stage.training, "bn1.running_mean"), mean);
});

test("with learning rate 0 the mask stays that of magnitude pruning", () => {
  const stage = beginStage(smallConvolution(), 0.2);
  const kept = new Map(stage.layers.map((layer) => [layer.name, layer.kept]));
  for (let step = 0; step < 3; step++) assert.equal(takeStep(stage, { step, learningRate: 0 }).reconnected, 0);
  assert.deepEqual(currentMasks(stage.layers), magnitudeMasks(stage.network, kept));
});

test("one step moves the scores by G * W * sign(S), a pruned one too, where finite differences of the weights give G", () => {
  const network = smallConvolution();
  const stage = beginStage(network, 0.5);
  const [conv] = stage.layers;
  assert.ok(conv);
  const loss = lossOf(network, stage);
  const scores = conv.scores.slice();
  takeStep(stage);
  for (const position of [0, 5, 17, 30]) {
    const eps = 1e-3;
    const slope = (loss("conv1", position, eps) - loss("conv1", position, -eps)) / (2 * eps);
    const score = scores[position] ?? 0;
    const expected = slope * (conv.weights[position] ?? 0) * Math.sign(score) + rates.weightDecay * score;
    const moved = (score - (conv.scores[position] ?? 0)) / rates.learningRate;
    assert.ok(
      Math.abs(moved - expected) < 2e-3 * (1 + Math.abs(expected)),
      `position ${position}: ${moved}, expected ${expected}`,
    );
  }
});

test("a stage restored from its state goes on with the same scores and masks", () => {
  const network = smallConvolution();
  const unbroken = beginStage(network, 0.2);
  const stopped = beginStage(network, 0.2);
  for (let step = 0; step < 3; step++) for (const stage of [unbroken, stopped]) takeStep(stage, { step });
  const kept = new Map(stopped.layers.map((layer) => [layer.name, layer.kept]));
  const saved = hydraUpdate({ layers: stopped.layers, momentum: 0.9, freezeBatchNorm: false }).state();
  const layers = restoredLayers(kept, saved);
  const { rules, fullGradients } = {
    rules: new Map([...kept.keys()].map((name) => [name, "masked" as const])),
    fullGradients: new Set(kept.keys()),
  };
  const state = stopped.training.state();
  const training = plainEngine.train(
    { ...network, tensors: stopped.training.tensors() },
    { rules, fullGradients, state },
  );
  for (let step = 3; step < 6; step++)
    for (const stage of [unbroken, { network, layers, training }]) takeStep(stage, { step });
  assert.deepEqual(
    layers.map(({ scores }) => scores),
    unbroken.layers.map(({ scores }) => scores),
  );
  assert.deepEqual(training.tensors(), unbroken.training.tensors());
});

/** Loss of the first batch as a function of one weight of the masked network. */
function lossOf(network: Network, { layers }: Stage) {
  const masked = maskedNetwork(network, currentMasks(layers));
  return (layer: string, position: number, change: number): number => {
    const kernel = kernelValues(masked, layer);
    const moved = kernel.values.slice();
    moved[position] = (moved[position] ?? 0) + change;
    const tensors = new Map([...masked.tensors, [`${layer}.weight`, { ...kernel, values: moved }] as const]);
    const training = plainEngine.train({ ...masked, tensors }, { rules: new Map() });
    const { logits } = training.forward(imageBatch(network, 8, 0));
    return squareGradient(logits).reduce((sum, residual) => sum + residual * residual, 0) / 2;
  };
}
