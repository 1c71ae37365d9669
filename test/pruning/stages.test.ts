import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { kernelValues, masksOf } from "../../src/pruning/masked-network.js";
import type { StageName } from "../../src/pruning/stage.js";
import { openStage, prunedAtOnce, type Stage } from "../../src/pruning/stages.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution, squareGradient } from "../support/pruning-network.js";

const optimizer = { epochs: 2, schedule: "cosine", learningRate: 0.05, weightDecay: 1e-4, momentum: 0.9 } as const;
const firstBatch = () => ({
  images: imageBatch(smallConvolution(), 8, 0),
  labels: Uint8Array.of(0, 1, 2, 0, 1, 2, 0, 1),
});
const admm = { rho: 1e-3, rhoGrowth: 1, cycles: 2 };

function open(stage: StageName, network: Network, density: number, method: "hydra" | "admm" = "hydra"): Stage {
  const kept = keptCounts(weightLayers(network.graph, network.input), { density });
  const options = { kept, optimizer, scoreStart: "scaled", freezeBatchNorm: false, seed: 1, resume: null } as const;
  return openStage({ ...options, engine: plainEngine, method, admm, firstBatch, steps: 6, stage, network });
}

/** Takes steps and gives the loss before each. */
function losses({ training, update, schedule }: Stage, steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => {
    const tape = training.forward(imageBatch(smallConvolution(), 8, step));
    training.updateStatistics(tape, "biased");
    const gradient = squareGradient(tape.logits);
    const loss = gradient.reduce((sum, residual) => sum + residual * residual, 0) / 16;
    training.backward(
      tape,
      gradient.map((value) => value / 8),
    );
    const moment = { training, step, rates: schedule({ step, epoch: step < steps / 2 ? 0 : 1 }) };
    for (const _ of update.apply(moment));
    return loss;
  });
}

test("a mask that keeps everything trains exactly like the dense network", () => {
  const network = smallConvolution();
  const kept = keptCounts(weightLayers(network.graph, network.input), { density: 1 });
  const dense = open("pretrain", network, 1);
  const masked = open("finetune", prunedAtOnce(network, { method: "lwm", kept, seed: 1 }), 1);
  assert.deepEqual(losses(masked, 6), losses(dense, 6));
  for (const name of kept.keys()) {
    const [a, b] = [masked, dense].map(({ training }) =>
      kernelValues({ ...network, tensors: training.tensors() }, name),
    );
    assert.deepEqual(a?.values, b?.values);
  }
});

test("fine-tuning moves the kept weights and leaves the mask alone", () => {
  const network = smallConvolution();
  const kept = keptCounts(weightLayers(network.graph, network.input), { density: 0.3 });
  const pruned = prunedAtOnce(network, { method: "lwm", kept, seed: 1 });
  const stage = open("finetune", pruned, 0.3);
  const trajectory = losses(stage, 6);
  const trained = { ...pruned, tensors: stage.training.tensors() };
  assert.deepEqual(masksOf(trained), masksOf(pruned));
  assert.notDeepEqual(kernelValues(trained, "conv1"), kernelValues(pruned, "conv1"));
  assert.ok((trajectory.at(-1) ?? Number.NaN) < (trajectory[0] ?? Number.NaN));
});

test("the prune stage begins with the masks of magnitude pruning and hands its own to fine-tuning", () => {
  const network = smallConvolution();
  const kept = keptCounts(weightLayers(network.graph, network.input), { density: 0.3 });
  const stage = open("prune", network, 0.3);
  const start = masksOf({ ...network, tensors: stage.training.tensors() });
  assert.deepEqual(start, masksOf(prunedAtOnce(network, { method: "lwm", kept, seed: 1 })));
  losses(stage, 6);
  const end = { ...network, tensors: stage.training.tensors() };
  assert.notDeepEqual(masksOf(end), start);
  assert.deepEqual(masksOf({ ...end, tensors: open("finetune", end, 0.3).training.tensors() }), masksOf(end));
});

test("the ADMM stage trains all weights and ends with the largest of each layer, counts as asked", () => {
  const network = smallConvolution();
  const kept = keptCounts(weightLayers(network.graph, network.input), { density: 0.3 });
  const stage = open("prune", network, 0.3, "admm");
  losses(stage, 6);
  const trained = { ...network, tensors: stage.training.tensors() };
  assert.equal(masksOf(trained).size, 0);
  assert.notDeepEqual(trained.tensors.get("fc.bias")?.values, network.tensors.get("fc.bias")?.values);
  assert.deepEqual(stage.ended(trained), prunedAtOnce(trained, { method: "lwm", kept, seed: 1 }));
});

test("the learning rate is the shifted cosine of the stage's epochs, the decay constant", () => {
  const { schedule } = open("pretrain", smallConvolution(), 1);
  assert.deepEqual(schedule({ step: 9, epoch: 1 }), { learningRate: 0.05, weightDecay: 1e-4 });
  assert.ok(Math.abs(schedule({ step: 0, epoch: 0 }).learningRate - 0.025) < 1e-12);
});
