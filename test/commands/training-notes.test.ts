import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const small = {
  data: "sample",
  trainSamples: 60,
  testSamples: 20,
  model: "tinycnn",
  objective: "natural",
  batchSize: 27,
};

test("a run ends with one line for people: how good its best is, and where", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { options, context, notes } = await callOf(sparseTrain, { ...small, epochs: 1, density: 0.1, out });
  assert.equal(await sparseTrain.run(options, context), 0);
  const pattern =
    /^best after epoch 1: \d+\.\d % right, \d+\.\d % under attack, on the images that select; it is in (.*)$/;
  assert.equal(pattern.exec(notes.at(-1) ?? "")?.[1], join(out, "best.safetensors"));
});

test("a run that is stopped says how to go on", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const flags = { ...small, epochs: 1, density: 0.1, out, maxMinutes: 1e-6 };
  const { options, context, notes } = await callOf(sparseTrain, flags);
  assert.equal(await sparseTrain.run(options, context), 130);
  assert.equal(notes.at(-1), `the state is saved; to go on: sparse-train --out ${out} --resume`);
});

test("a dry run of pruning measures a step and names the folder that would be made", async () => {
  const { options, context, notes } = await callOf(pruneHydra, {
    ...small,
    density: 0.1,
    dryRun: true,
    pruneEpochs: 3,
  });
  assert.equal(await pruneHydra.run(options, context), 0);
  const [plan = ""] = notes;
  assert.match(plan, /^one measured step: \d+\.\d+ s; all steps: about \d+\.\d (minutes|hours), and the evaluations$/m);
  assert.match(plan, /^output: runs.RUN$/m);
});
