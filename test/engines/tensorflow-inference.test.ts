import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainAscent } from "../../src/engines/ascend.js";
import type { AscentProblem, Engine, Inference } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { catalogModel, MODEL_NAMES } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";
import { assertNear } from "../support/assert-near.js";
import { plainEngine } from "../support/plain-engine.js";
import { batchOf, networkOf, recipes } from "../support/random-network.js";
import { everyLayer, waveImages } from "../support/small-networks.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";

const runs = { seed: 3, includeErrorInReport: true, numRuns: process.env.SPARSE_ROBUST_SLOW ? 1000 : 100 };

/** Registers a test that gets the engine; skipped where it is not installed. */
function testEngine(name: string, body: (engine: Engine) => void): void {
  test(name, { skip: tensorflowSkip }, () => {
    assert.ok(tensorflow !== null);
    body(tensorflow);
  });
}

testEngine("logits and input gradients of random networks agree with double precision", (engine) => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const { images, logitGradient } = batchOf(recipe);
      const network = networkOf(recipe);
      const inference = engine.infer(network);
      const actual = inference.inputGradient(images, () => logitGradient);
      const expected = plainEngine.infer(network).inputGradient(images, () => logitGradient);
      assertNear(actual.logits, expected.logits, 1e-4, "logits");
      assertNear(actual.gradient, expected.gradient, 1e-3, "gradient");
      assertNear(inference.logits(images), expected.logits, 1e-4, "logits alone");
      inference.dispose();
    }),
    runs,
  );
});

for (const name of MODEL_NAMES) {
  testEngine(`a narrow ${name} gives the native engine's logits to 1e-4 and its gradients to 1e-3`, (engine) => {
    const network = shipped(name);
    const images = waveImages(3, network.input);
    const lossGradient = (logits: Float32Array) => logits.map((logit, i) => Math.tanh(logit) + 0.3 * Math.sin(i));
    const [actual, expected] = [engine, nativeEngine({ reason: "tests" })].map((one) => {
      const inference = one.infer(network);
      const result = inference.inputGradient(images, lossGradient);
      inference.dispose();
      return result;
    });
    assert.ok(expected?.gradient.some((value) => value !== 0));
    assertNear(actual?.logits ?? [], expected?.logits ?? [], 1e-4, "logits");
    assertNearButForEdges(actual?.gradient ?? new Float32Array(), expected?.gradient ?? new Float32Array());
  });
}

/**
 * To 1e-3 of the largest, but for the pixels that look on a unit at ReLU's edge: one of half a million sums may round to either side of
 * zero, and its gradient is then there or not. They are few, and off by little.
 */
function assertNearButForEdges(actual: Float32Array, expected: Float32Array): void {
  assertNear(actual, expected, 1e-2, "gradient", 1e-9);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const off = expected.filter((value, i) => !(Math.abs((actual[i] ?? Number.NaN) - value) <= 1e-3 * largest));
  assert.ok(off.length <= expected.length / 100, `${off.length} of ${expected.length} pixels are off`);
}

/** One of the networks known by name, narrow, half of its weights connected. */
function shipped(name: string) {
  const { graph, input, classes, initialDensity } = catalogModel({
    name,
    width: 0.125,
    input: [32, 32, 3],
    classes: 10,
  });
  return initialNetwork({
    ...{ graph, input, classes, seed: 1, excess: "rescale", mode: "fixed" },
    budget: budgetOf({ density: 0.5 }, weightLayers(graph, input)),
    initialDensity: ({ name: layer }, p) => initialDensity.get(layer)?.(p) ?? p,
  }).network;
}

const problemOf = (inference: Inference): AscentProblem => ({
  images: waveImages(2, inference.input).map((pixel, i) => pixel + 0.02 * Math.sin(i)),
  origin: waveImages(2, inference.input),
  lossGradient: (logits) => logits.map((logit) => Math.tanh(logit)),
  norm: "linf",
  epsilon: 8 / 255,
  stepSize: 2 / 255,
  bounds: [0, 1],
});

for (const [norm, epsilon] of [
  ["linf", 8 / 255],
  ["l2", 0.3],
  ["l2", 0],
] as const) {
  testEngine(
    `an ascent in ${norm} with radius ${epsilon} has the iterates of the plain one over the same gradients`,
    (engine) => {
      const inference = engine.infer(everyLayer());
      const problem = { ...problemOf(inference), norm, epsilon };
      const [actual, expected] = [inference.ascend(problem), plainAscent(inference, problem)];
      for (const steps of [0, 1, 4]) {
        actual?.advance(steps);
        expected?.advance(steps);
        if (norm === "linf") assert.deepEqual(actual?.images(), expected?.images());
        else assertNear(actual?.images() ?? [], expected?.images() ?? [], 1e-6, "images");
      }
      actual?.dispose();
      inference.dispose();
    },
  );
}

testEngine("a gradient of 0 or none at all moves no pixel", (engine) => {
  const inference = engine.infer(everyLayer());
  for (const norm of ["linf", "l2"] as const) {
    const origin = waveImages(2, inference.input);
    const still = {
      ...problemOf(inference),
      norm,
      images: origin,
      origin,
      lossGradient: (logits: Float32Array) => logits.map(() => 0),
    };
    const ascent = inference.ascend(still);
    ascent.advance(2);
    assert.deepEqual(ascent.images(), origin);
    ascent.dispose();
  }
  inference.dispose();
});

testEngine(
  "no given array changes, none that is returned is used again, and a changed array changes nothing",
  (engine) => {
    const inference = engine.infer(everyLayer());
    const problem = problemOf(inference);
    const images = problem.images.slice();
    const origin = problem.origin.slice();
    const [ascent, expected] = [inference.ascend({ ...problem, images, origin }), plainAscent(inference, problem)];
    ascent?.advance(1);
    assert.deepEqual(images, problem.images);
    images.fill(9);
    origin.fill(9);
    ascent?.images().fill(7);
    ascent?.advance(1);
    expected?.advance(2);
    assert.deepEqual(ascent?.images(), expected?.images());
    ascent?.dispose();
    inference.dispose();
  },
);

testEngine("a loss may ask for logits of the same network", (engine) => {
  const inference = engine.infer(everyLayer());
  const images = waveImages(2, inference.input);
  const plain = inference.inputGradient(images, (logits) => logits);
  const asking = inference.inputGradient(images, () => inference.logits(images));
  assert.deepEqual(asking, plain);
  inference.dispose();
});

testEngine("images that are not whole and gradients of a wrong length are errors that say so", (engine) => {
  const inference = engine.infer(everyLayer());
  const images = waveImages(2, inference.input);
  assert.throws(() => inference.logits(images.subarray(1)), { name: "RangeError", message: /images has 119 numbers/ });
  assert.throws(() => inference.logits(new Float32Array(0)), { name: "RangeError", message: /images has 0/ });
  assert.throws(() => inference.inputGradient(images, () => new Float32Array(5)), {
    name: "RangeError",
    message: /lossGradient gave 5 numbers; the logits are 6/,
  });
  const problem = problemOf(inference);
  assert.throws(() => inference.ascend({ ...problem, origin: images.subarray(60) }), { message: /origin has 60/ });
  inference.dispose();
});
