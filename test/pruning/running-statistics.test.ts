import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph } from "../../src/models/graph.js";
import type { Network } from "../../src/models/network.js";
import { initialNetwork } from "../../src/pruning/initial-weights.js";
import { learningEngine } from "../support/learning-engine.js";
import { plainEngine } from "../support/plain-engine.js";

const graph: Graph = [
  { name: "bn", op: "batchnorm", inputs: ["input"], epsilon: 1e-5, momentum: 0.1 },
  { name: "flatten", op: "flatten", inputs: ["bn"], order: "chw" },
  { name: "fc", op: "dense", inputs: ["flatten"], units: 2, bias: true, rewire: true },
];
const network: Network = initialNetwork({ input: [1, 1, 1], classes: 2, graph, model: "vgg16", seed: 1 });

/** Mean 2 and biased variance 3 over four entries. */
const clean = [-1, 1, -1, 1].map((sign) => 2 + sign * Math.sqrt(3));
/** Mean 1 and biased variance 1.5. */
const adversarial = [-1, 1, -1, 1].map((sign) => 1 + sign * Math.sqrt(1.5));

const replays = [
  {
    rule: "the published code's four unbiased updates",
    variance: "unbiased",
    updates: [
      { batch: clean, mean: 0.2, runningVariance: 1.3 },
      { batch: clean, mean: 0.38, runningVariance: 1.57 },
      { batch: adversarial, mean: 0.442, runningVariance: 1.613 },
      { batch: clean, mean: 0.5978, runningVariance: 1.8517 },
    ],
  },
  {
    rule: "one biased update a forward pass",
    variance: "biased",
    updates: [
      { batch: clean, mean: 0.2, runningVariance: 1.2 },
      { batch: adversarial, mean: 0.28, runningVariance: 1.23 },
    ],
  },
] as const;

for (const { rule, variance, updates } of replays) {
  for (const engine of [plainEngine, learningEngine]) {
    test(`running statistics follow ${rule} (${engine.info.device})`, () => {
      const training = engine.train(network, { rules: new Map() });
      for (const { batch, mean, runningVariance } of updates) {
        const tape = training.forward(Float32Array.from(batch));
        training.updateStatistics(tape, variance);
        training.discard(tape);
        const tensors = training.tensors();
        assertClose(tensors.get("bn.running_mean")?.values[0], mean);
        assertClose(tensors.get("bn.running_var")?.values[0], runningVariance);
      }
      training.dispose();
    });
  }
}

function assertClose(actual: number | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-6, `${actual}, expected ${expected}`);
}
