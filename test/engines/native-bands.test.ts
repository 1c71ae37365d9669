/** A convolution whose rows are pooled while they are at hand gives what it gives in two steps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import { nativeEngine } from "../../src/engines/native.js";
import { GraphBuilder } from "../../src/models/graph-builder.js";
import type { Network } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";
import { assertNear } from "../support/assert-near.js";
import { plainEngine } from "../support/plain-engine.js";

const INPUT = [16, 32, 3] as const;
const CLASSES = 3;
const BATCH = 20;

const images = new Float32Array(BATCH * INPUT[0] * INPUT[1] * INPUT[2]);
stream(1, "start").fillUniform(images, 0, 1);
const logitGradient = new Float32Array(BATCH * CLASSES);
stream(2, "start").fillUniform(logitGradient, -1, 1);

for (const [algorithm, density] of [
  ["Winograd", 1],
  ["sparse", 0.1],
] as const) {
  test(`${algorithm} convolutions pooled band by band agree with double precision`, () => {
    const network = pooledNetwork(density);
    const expected = plainEngine.infer(network).inputGradient(images, () => logitGradient);
    for (const threads of [1, 2]) {
      const inference = nativeEngine({ reason: "tests", threads }).infer(network);
      const actual = inference.inputGradient(images, () => logitGradient);
      assertNear(actual.logits, expected.logits, 1e-4, "logits");
      assertNear(actual.gradient, expected.gradient, 1e-3, "gradient");
      assert.deepEqual(inference.logits(images), actual.logits);
    }
  });
}

/** Twice two convolutions and a pool, the first on planes of 16×32, the second on 8×16. */
function pooledNetwork(density: number): Network {
  const net = new GraphBuilder(1);
  for (const group of [1, 2]) {
    for (const half of ["a", "b"]) {
      net.conv(`conv${group}${half}`, { filters: 8, density: (p) => p });
      net.batchNorm(`bn${group}${half}`);
      net.relu(`relu${group}${half}`);
    }
    net.maxPool(`pool${group}`);
  }
  net.flatten("flatten");
  net.dense("dense", { units: CLASSES, density: (p) => p });
  const { graph } = net;
  const budget = budgetOf({ density }, weightLayers(graph, INPUT));
  const mode = density < 1 ? "random" : "dense";
  const initial = { graph, input: INPUT, classes: CLASSES, mode, budget, excess: "keep", seed: 1 } as const;
  return initialNetwork({ ...initial, initialDensity: (_, p) => p }).network;
}
