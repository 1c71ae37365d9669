import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { callOf } from "../support/command-context.js";
import { sharedFile } from "../support/shared-files.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const cifar = sharedFile("data/cifar-10-batches-bin");

/** The authors' code: 710,080 and 710,134 reconnections in the first step, then 0.50, 0.33 and 0.20 of that. */
test("VGG-16 draws back as many connections in its first steps as the authors' code", {
  skip: cifar.skip,
}, async (t) => {
  const { options, context, lines } = await callOf(sparseTrain, {
    ...{ data: "cifar10", dataDir: cifar.path, model: "vgg16", objective: "natural", density: 0.1, select: "last" },
    ...{ trainSamples: 1280, testSamples: 1, steps: 5, logEvery: 1, out: join(temporaryFolder(t), "run") },
  });
  assert.equal(await sparseTrain.run(options, context), 0);
  const steps = lines().filter(({ type }) => type === "train.step");
  const [first = 0, ...others] = steps.map(({ reconnected }) => Number(reconnected));
  t.diagnostic(`${first}, then ${others.map((count) => (count / first).toFixed(3)).join(", ")}`);
  assert.ok(Math.abs(first - 710_107) < 300);
  for (const [i, expected] of [0.5, 0.33, 0.25, 0.2].entries()) {
    assert.ok(Math.abs((others[i] ?? 0) / first - expected) < 0.02, `step ${i + 1}: ${(others[i] ?? 0) / first}`);
  }
});
