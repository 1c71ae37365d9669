import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { plainAscent } from "../../src/engines/ascend.js";
import type { Norm } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { assertNear } from "../support/assert-near.js";
import { plainEngine } from "../support/plain-engine.js";
import { batchOf, networkOf, type Recipe, recipes } from "../support/random-network.js";

const runs = { seed: 1, includeErrorInReport: true, numRuns: process.env.SPARSE_ROBUST_SLOW ? 2000 : 150 };
const native = nativeEngine({ reason: "tests", threads: 2 });

test("logits and input gradients of random networks agree with double precision", () => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const { images, logitGradient } = batchOf(recipe);
      const network = networkOf(recipe);
      const actual = native.infer(network).inputGradient(images, () => logitGradient);
      const expected = plainEngine.infer(network).inputGradient(images, () => logitGradient);
      assertNear(actual.logits, expected.logits, 1e-4, "logits");
      assertNear(actual.gradient, expected.gradient, 1e-3, "gradient");
    }),
    runs,
  );
});

test("logits alone are those of the pass with a gradient, bit for bit", () => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const { images, logitGradient } = batchOf(recipe);
      const inference = native.infer(networkOf(recipe));
      assert.deepEqual(inference.logits(images), inference.inputGradient(images, () => logitGradient).logits);
    }),
    { ...runs, numRuns: 30 },
  );
});

test("an image's logits and gradient do not depend on the rest of its batch", () => {
  fc.assert(
    fc.property(recipes, fc.nat(), (recipe, number) => {
      const { images, logitGradient } = batchOf(recipe);
      const inference = native.infer(networkOf(recipe));
      const whole = inference.inputGradient(images, () => logitGradient);
      const size = images.length / recipe.batch;
      const i = number % recipe.batch;
      const image = images.slice(i * size, (i + 1) * size);
      const one = inference.inputGradient(image, (logits) => {
        assert.equal(logits.length, recipe.classes);
        return logitGradient.slice(i * recipe.classes, (i + 1) * recipe.classes);
      });
      assert.deepEqual(one.logits, whole.logits.slice(i * recipe.classes, (i + 1) * recipe.classes));
      assert.deepEqual(one.gradient, whole.gradient.slice(i * size, (i + 1) * size));
    }),
    { ...runs, numRuns: 60 },
  );
});

test("a kernel gives the same bits stored dense and as connections", () => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const { images } = batchOf(recipe);
      const network = networkOf(recipe);
      const dense = new Map(
        [...network.tensors].map(([name, tensor]) => {
          if (tensor.type === "dense") return [name, tensor];
          const values = new Float32Array(tensor.shape.reduce((product, extent) => product * extent, 1));
          for (const [i, position] of tensor.index.entries()) values[position] = tensor.values[i] ?? 0;
          return [name, { type: "dense" as const, shape: tensor.shape, values }];
        }),
      );
      assert.deepEqual(
        native.infer({ ...network, tensors: dense }).logits(images),
        native.infer(network).logits(images),
      );
    }),
    { ...runs, numRuns: 40 },
  );
});

/** A smooth network, so that differences tell about derivatives. */
const smooth: Recipe = {
  input: [7, 6, 2],
  classes: 3,
  batch: 5,
  seed: 44,
  layers: [
    [0, 8, 1, 0],
    [12, 0, 0, 0],
    [24, 0, 0, 1],
    [0, 5, 4, 2],
  ],
};

test("the input gradient is the slope of the loss", () => {
  const inference = native.infer(networkOf(smooth));
  const { images, logitGradient } = batchOf(smooth);
  const { gradient } = inference.inputGradient(images, () => logitGradient);
  const direction = new Float32Array(images.length);
  stream(3, "start").fillUniform(direction, -1, 1);
  const loss = (step: number) => {
    const logits = inference.logits(images.map((pixel, i) => pixel + step * (direction[i] ?? 0)));
    return logits.reduce((sum, logit, i) => sum + logit * (logitGradient[i] ?? 0), 0);
  };
  const slope = (loss(0.125) - loss(-0.125)) / 0.25;
  const expected = gradient.reduce((sum, g, i) => sum + g * (direction[i] ?? 0), 0);
  assert.ok(Math.abs(slope - expected) < 1e-4 * Math.abs(expected), `${slope} and ${expected}`);
});

for (const norm of ["linf", "l2"] satisfies Norm[]) {
  test(`an ascent in ${norm} gives the plain version's images, bit for bit`, () => {
    fc.assert(
      fc.property(recipes, fc.double({ min: 0, max: 0.5, noNaN: true }), (recipe, epsilon) => {
        const { images, logitGradient } = batchOf(recipe);
        const inference = native.infer(networkOf(recipe));
        const start = images.map((pixel, i) => Math.min(1, pixel + ((i * 7) % 5) / 50));
        const lossGradient = (logits: Float32Array) => logits.map((logit, i) => logit * 0.1 + (logitGradient[i] ?? 0));
        const problem = {
          images: start,
          origin: images,
          lossGradient,
          norm,
          epsilon,
          stepSize: epsilon / 3 + 0.01,
          bounds: [0, 1],
        } as const;
        const ascent = inference.ascend(problem);
        const plain = plainAscent(inference, problem);
        for (const steps of [1, 3]) {
          ascent.advance(steps);
          plain.advance(steps);
          assert.deepEqual(ascent.images(), plain.images());
        }
        ascent.dispose();
      }),
      { ...runs, numRuns: 60 },
    );
  });
}

test("an ascent leaves the caller's arrays alone", () => {
  const { images, logitGradient } = batchOf(smooth);
  const before = images.slice();
  const problem = { images, origin: images, lossGradient: () => logitGradient, epsilon: 0.1, stepSize: 0.1 } as const;
  const ascent = native.infer(networkOf(smooth)).ascend({ ...problem, norm: "linf", bounds: [0, 1] });
  ascent.advance(2);
  assert.deepEqual(images, before);
  assert.notDeepEqual(ascent.images(), before);
});
