/** What every engine's training must do beside its steps: passes, gradients, statistics, tapes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import type { Engine, StepOptions, Training, TrainingOptions, WeightRule } from "../../src/engines/engine.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { assertNear } from "../support/assert-near.js";
import { plainEngine } from "../support/plain-engine.js";
import { batchOf, networkOf, type Recipe, recipes } from "../support/random-network.js";

const runs = { seed: 2, includeErrorInReport: true, numRuns: process.env.SPARSE_ROBUST_SLOW ? 1500 : 120 };

/** Dense tensors stay dense; connections are mortal or masked by turns, and by turns their whole gradient is wanted. */
function optionsFor(network: Network, seed: number): TrainingOptions {
  const rules = new Map<string, WeightRule>();
  const fullGradients = new Set<string>();
  for (const [i, [name, tensor]] of [...network.tensors].entries()) {
    if (!name.endsWith(".weight") || tensor.shape.length === 1) continue;
    const layer = name.slice(0, -".weight".length);
    if (tensor.type === "connections") rules.set(layer, (seed + i) % 2 ? "mortal" : "masked");
    if ((seed + i) % 3 === 0) fullGradients.add(layer);
  }
  return { rules, fullGradients };
}

function trained(network: Network): string[] {
  return [...network.tensors.keys()].filter((name) => !name.includes(".running_"));
}

/** Layers that the logits depend on; others are not run. */
function liveLayers({ graph }: Network): Set<string> {
  const live = new Set([graph.at(-1)?.name]);
  for (const layer of [...graph].reverse()) if (live.has(layer.name)) for (const input of layer.inputs) live.add(input);
  return new Set([...live].filter((name) => name !== undefined));
}

/** Convolution, batch-norm, average pool, flatten, dense: smooth, so that differences tell about derivatives. */
const smooth: Recipe = {
  input: [6, 5, 2],
  classes: 3,
  batch: 20,
  seed: 45,
  layers: [
    [0, 8, 1, 0],
    [12, 0, 0, 0],
    [24, 0, 0, 1],
  ],
};

const constants: StepOptions = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, trainable: "all" };

/**
 * Registers the tests of `engine`. Gradients are compared relative to the largest of their tensor, or to `smallest`: those of a
 * bias before batch-norm are 0 but for rounding.
 */
export function testTraining(engine: Engine, { smallest }: { readonly smallest: number }): void {
  test("a training forward and the gradients of all parameters agree with double precision", () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = networkOf(recipe);
        const options = optionsFor(network, recipe.seed);
        const { images, logitGradient } = batchOf(recipe);
        const pair = [engine, plainEngine].map((engine) => {
          const training = engine.train(network, options);
          const tape = training.forward(images);
          training.backward(tape, logitGradient);
          return { training, logits: tape.logits };
        });
        const [actual, expected] = pair;
        assertNear(actual?.logits ?? [], expected?.logits ?? [], 1e-3, "logits");
        for (const name of trained(network)) {
          const pair = [actual, expected].map((one) => one?.training.gradient(name) ?? []);
          assertNear(pair[0] ?? [], pair[1] ?? [], 2e-3, name, smallest);
        }
      }),
      runs,
    );
  });

  test("running statistics take their share of the batch's, biased or unbiased", () => {
    fc.assert(
      fc.property(recipes, fc.constantFrom("biased" as const, "unbiased" as const), (recipe, variance) => {
        fc.pre(recipe.batch > 1);
        const network = networkOf(recipe);
        const { images } = batchOf(recipe);
        const [actual, expected] = [engine, plainEngine].map((engine) => {
          const training = engine.train(network, { rules: new Map() });
          training.updateStatistics(training.forward(images), variance);
          return { tensors: training.tensors(), logits: training.inference.logits(images) };
        });
        const live = liveLayers(network);
        for (const [name, { values }] of expected?.tensors ?? []) {
          if (!live.has(name.slice(0, name.lastIndexOf(".")))) continue;
          assertNear(actual?.tensors.get(name)?.values ?? [], values, 1e-4, name);
        }
        assertNear(actual?.logits ?? [], expected?.logits ?? [], 1e-3, "logits of the inference");
      }),
      { ...runs, numRuns: 60 },
    );
  });

  test("two live tapes do not disturb each other, and their gradients add up", () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = networkOf(recipe);
        const { images, logitGradient } = batchOf(recipe);
        const other = images.map((pixel) => 1 - pixel);
        const alone = [images, other].map((batch) => {
          const training = engine.train(network, { rules: new Map() });
          const tape = training.forward(batch);
          training.backward(tape, logitGradient);
          return { logits: tape.logits, training };
        });
        const both = engine.train(network, { rules: new Map() });
        const tapes = [both.forward(images), both.forward(other)];
        for (const [i, tape] of tapes.entries()) {
          assert.deepEqual(tape.logits, alone[i]?.logits);
          both.backward(tape, logitGradient);
        }
        for (const name of trained(network)) {
          const parts = alone.map(({ training }) => training.gradient(name));
          assert.deepEqual(
            both.gradient(name),
            parts[0]?.map((g, i) => g + (parts[1]?.[i] ?? 0)),
          );
        }
      }),
      { ...runs, numRuns: 40 },
    );
  });

  test("parameter gradients are the slopes of the loss", () => {
    const network = networkOf(smooth);
    const { images, logitGradient } = batchOf(smooth);
    const loss = (tensors: Map<string, Tensor>) => {
      const { logits } = engine.train({ ...network, tensors }, { rules: new Map() }).forward(images);
      return logits.reduce((sum, logit, i) => sum + logit * (logitGradient[i] ?? 0), 0);
    };
    const training = engine.train(network, { rules: new Map() });
    training.backward(training.forward(images), logitGradient);
    for (const [number, name] of trained(network).entries()) {
      const tensor = training.tensors().get(name);
      assert.ok(tensor !== undefined);
      const direction = new Float32Array(tensor.values.length);
      stream(number, "start").fillUniform(direction, -1, 1);
      const moved = (step: number): Map<string, Tensor> => {
        const values = tensor.values.map((value, i) => value + step * (direction[i] ?? 0));
        return new Map([...training.tensors(), [name, { type: "dense", shape: tensor.shape, values }]]);
      };
      const step = 0.01;
      const slope = (loss(moved(step)) - loss(moved(-step))) / (2 * step);
      const expected = training.gradient(name).reduce((sum, g, i) => sum + g * (direction[i] ?? 0), 0);
      assert.ok(
        Math.abs(slope - expected) < 2e-3 * Math.max(1, Math.abs(expected)),
        `${name}: ${slope} and ${expected}`,
      );
    }
  });

  test("a third live tape, an ended tape and a foreign tape are errors", () => {
    const network = networkOf(smooth);
    const { images, logitGradient } = batchOf(smooth);
    const training = engine.train(network, { rules: new Map() });
    const tapes = [training.forward(images), training.forward(images)];
    assert.throws(() => training.forward(images), /two tapes are live/);
    for (const tape of tapes) training.discard(tape);
    const tape = training.forward(images);
    training.backward(tape, logitGradient);
    assert.throws(() => training.backward(tape, logitGradient), /ended/);
    assert.throws(() => training.discard({ logits: logitGradient }), /ended/);
  });

  test("a value that is not finite is told by its layer's name", () => {
    const network = networkOf(smooth);
    const { images } = batchOf(smooth);
    const training = engine.train(network, { rules: new Map() });
    assert.equal(training.firstNonFinite(), null);
    const tape = training.forward(images.map((pixel, i) => (i === 77 ? Number.NaN : pixel)));
    assert.equal(training.firstNonFinite(), "layer0");
    training.discard(tape);
    assert.equal(training.firstNonFinite(), null);
    training.backward(training.forward(images), new Float32Array(60).fill(1));
    training.step({ ...constants, learningRate: Number.MAX_VALUE, weightDecay: 0 });
    assert.notEqual(training.firstNonFinite(), null);
  });

  test("the inference of a training follows its steps", () => {
    const network = networkOf(smooth);
    const { images, logitGradient } = batchOf(smooth);
    const training: Training = engine.train(network, { rules: new Map() });
    const before = training.inference.logits(images);
    training.backward(training.forward(images), logitGradient);
    training.step(constants);
    const after = training.inference.logits(images);
    assert.notDeepEqual(after, before);
    assert.deepEqual(engine.infer({ ...network, tensors: training.tensors() }).logits(images), after);
  });
}
