import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { loadAddon } from "../../src/engines/addon.js";
import type { Engine } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { batchOf, networkOf, type Recipe, recipes } from "../support/random-network.js";

/** Larger than most of the random ones, so that every kernel has work for several threads. */
const wide: Recipe = {
  input: [17, 16, 3],
  classes: 5,
  batch: 100,
  seed: 9,
  layers: [
    [0, 8, 1, 0],
    [12, 0, 0, 0],
    [16, 0, 0, 0],
    [24, 1, 0, 0],
    [4, 7, 2, 0],
    [16, 0, 0, 0],
    [0, 6, 1, 2],
  ],
};

const samples = [wide, ...fc.sample(recipes, { seed: 4, numRuns: process.env.SPARSE_ROBUST_SLOW ? 300 : 40 })];

/** One number for all that an engine computes: logits, gradients, an ascent, a step of training. */
function fingerprint(engine: Engine): string {
  const hash = createHash("sha256");
  for (const recipe of samples) for (const values of resultsOf(engine, recipe)) hash.update(values);
  return hash.digest("hex");
}

function resultsOf(engine: Engine, recipe: Recipe): (Float32Array | Uint32Array)[] {
  const network = networkOf(recipe);
  const { images, logitGradient } = batchOf(recipe);
  const inference = engine.infer(network);
  const { logits, gradient } = inference.inputGradient(images, () => logitGradient);
  const ascents = (["linf", "l2"] as const).map((norm) => {
    const ascent = inference.ascend({
      images,
      origin: images,
      lossGradient: () => logitGradient,
      norm,
      epsilon: 0.1,
      stepSize: 0.05,
      bounds: [0, 1],
    });
    ascent.advance(2);
    return ascent.images();
  });
  const sparse = [...network.tensors].filter(([, tensor]) => tensor.type === "connections");
  const training = engine.train(network, { rules: new Map(sparse.map(([name]) => [name.slice(0, -7), "mortal"])) });
  const tape = training.forward(images);
  training.updateStatistics(tape, "biased");
  training.backward(tape, logitGradient);
  const noise = { deviation: 1e-3, seed: 3, step: 1 };
  training.step({ rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3, trainable: "all", noise });
  const after = [...training.tensors().values(), ...training.state().values()].map(({ values }) => values);
  return [logits, gradient, ...ascents, tape.logits, ...after, training.inference.logits(images)];
}

if (process.env.NATIVE_FINGERPRINT) {
  process.stdout.write(fingerprint(nativeEngine({ reason: "tests", threads: 2 })));
} else {
  const expected = fingerprint(nativeEngine({ reason: "tests", threads: 1 }));

  for (const threads of [2, 3, 7]) {
    test(`${threads} threads give the bits of one`, () => {
      assert.equal(fingerprint(nativeEngine({ reason: "tests", threads })), expected);
    });
  }

  const runAs = (target: string) =>
    spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
      encoding: "utf8",
      env: { ...process.env, SPARSE_ROBUST_TARGET: target, NATIVE_FINGERPRINT: "1", NODE_TEST_CONTEXT: undefined },
    });

  const usable = loadAddon().describe("").targets.split(", ");
  for (const target of ["avx512", "avx2", "neon", "portable"]) {
    const skip = usable.includes(target) ? false : `this machine runs ${usable.join(", ")} only`;
    test(`${target} code gives the same bits as this machine's best`, { skip }, () => {
      const run = runAs(target);
      assert.equal(run.stderr, "");
      assert.equal(run.stdout, expected);
    });
  }

  test("a target that is not there is an error that lists the others", () => {
    const run = runAs("sse9");
    assert.equal(run.status, 1);
    assert.match(run.stderr, /UsageError.*SPARSE_ROBUST_TARGET is "sse9"; this machine runs .*portable/);
  });
}
