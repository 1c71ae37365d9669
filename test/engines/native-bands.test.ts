/** Steps that take rows while they are at hand, and values that share memory, give what whole planes give one after the other. */
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

const INPUT = [32, 32, 3] as const;
const CLASSES = 3;
const BATCH = 17;

const images = new Float32Array(BATCH * INPUT[0] * INPUT[1] * INPUT[2]);
stream(1, "start").fillUniform(images, 0, 1);
const logitGradient = new Float32Array(BATCH * CLASSES);
stream(2, "start").fillUniform(logitGradient, -1, 1);

for (const [builder, what, densities] of [
  [pooled, "pooled", [1, 0.1, 0.01]],
  [residual, "residual", [1, 0.01]],
] as const) {
  for (const density of densities) {
    test(`${what} convolutions of density ${density} agree with double precision`, () => {
      const network = networkOf(builder(), density);
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
}

/** Convolutions in twos and a pool, on planes of 32×32, 16×16 and 8×8 that are too large to be taken whole. */
function pooled(): GraphBuilder {
  const net = new GraphBuilder(1);
  for (const [group, filters] of [13, 48, 160].entries()) {
    for (const half of ["a", "b"]) {
      net.conv(`conv${group}${half}`, { filters, density: (p) => p });
      net.batchNorm(`bn${group}${half}`);
      net.relu(`relu${group}${half}`);
    }
    net.maxPool(`pool${group}`);
  }
  net.flatten("flatten");
  net.dense("dense", { units: CLASSES, density: (p) => p });
  return net;
}

/** Pre-activation blocks whose shortcut is a convolution, the raw input, and a convolution of stride 2. */
function residual(): GraphBuilder {
  const net = new GraphBuilder(1);
  let x = net.conv("stem", { filters: 5, density: (p) => p });
  for (const [block, [filters, stride]] of (
    [
      [16, 1],
      [16, 1],
      [24, 2],
    ] as const
  ).entries()) {
    const isIdentity = block === 1;
    net.batchNorm(`bn${block}a`, x);
    const activated = net.relu(`relu${block}a`);
    net.conv(`conv${block}a`, { filters, stride, density: (p) => p });
    net.batchNorm(`bn${block}b`);
    net.relu(`relu${block}b`);
    const branch = net.conv(`conv${block}b`, { filters, density: (p) => p });
    const short = { from: activated, filters, stride, kernel: 1, density: (p: number) => p };
    x = net.add(`add${block}`, branch, isIdentity ? x : net.conv(`short${block}`, short));
  }
  net.globalAveragePool("mean");
  net.flatten("flatten");
  net.dense("dense", { units: CLASSES, density: (p) => p });
  return net;
}

function networkOf({ graph }: GraphBuilder, density: number): Network {
  const budget = budgetOf({ density }, weightLayers(graph, INPUT));
  const mode = density < 1 ? "random" : "dense";
  const initial = { graph, input: INPUT, classes: CLASSES, mode, budget, excess: "keep", seed: 1 } as const;
  return initialNetwork({ ...initial, initialDensity: (_, p) => p }).network;
}
