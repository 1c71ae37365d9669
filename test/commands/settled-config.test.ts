/** What --print-config shows: everything settled, and a config of the same run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/commands/command.js";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { settle as settlePruning } from "../../src/commands/prune-hydra-options.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { settle as settleTraining } from "../../src/commands/sparse-train-options.js";
import { callOf } from "../support/command-context.js";

type Flags = Readonly<Record<string, unknown>>;

const both: readonly Flags[] = [
  {},
  { profile: "reference" },
  { sparsity: 0.9 },
  { connections: 1095, batchSize: 8, select: "last" },
  { objective: "rst", rstData: "images", epsilon: "4/255" },
];

for (const flags of [...both, { mode: "dense" }, { mode: "deep-rewiring" }, { mode: "flying-bird" }, { mode: "rigl" }])
  test(`sparse-train ${JSON.stringify(flags)} is settled to a config that settles to the same`, async () => {
    const first = await callOf(sparseTrain, flags);
    const config = await trainingConfig(flags);
    const second = await callOf(sparseTrain, config);
    assert.deepEqual(plain(settleTraining(second.options)), plain(settleTraining(first.options)));
    assert.deepEqual(await trainingConfig(config), config);
    for (const key of ["weightDecay", "momentum", "select", "noiseScaling", "split", "initExcess", "exchangeEvery"])
      assert.notEqual(config[key], undefined, key);
    assert.equal(config.batchSize, flags.batchSize ?? 128);
  });

for (const flags of [...both, { method: "admm" }, { stage: "pretrain" }, { stage: "finetune" }])
  test(`prune-hydra ${JSON.stringify(flags)} is settled to a config that settles to the same`, async () => {
    const first = await callOf(pruneHydra, flags);
    const config = await pruningConfig(flags);
    const second = await callOf(pruneHydra, config);
    assert.deepEqual(plain(settlePruning(second.options)), plain(settlePruning(first.options)));
    assert.deepEqual(await pruningConfig(config), config);
    for (const key of ["data", "epsilon", "attackStep", "schedule", "bnUpdates", "select", "pruneLearningRate"])
      assert.notEqual(config[key], undefined, key);
  });

test("what the profile of the published code sets can be seen", async () => {
  const { epsilon, attackStep, bnUpdates, select } = await pruningConfig({ profile: "reference" });
  assert.deepEqual(
    { epsilon, attackStep, bnUpdates, select },
    {
      ...{ epsilon: 0.031, attackStep: 0.0078, bnUpdates: "hydra", select: "test-clean" },
    },
  );
  const { initExcess } = await trainingConfig({ profile: "reference" });
  assert.equal(initExcess, "keep");
});

test("what a checkpoint decides stays open unless it is given, and so does an amount that it brings", async () => {
  const trained = await trainingConfig({ initFrom: "a.safetensors" });
  assert.deepEqual([trained.model, trained.width, trained.density], [undefined, undefined, undefined]);
  assert.equal((await trainingConfig({ initFrom: "a.safetensors", model: "tinycnn" })).model, "tinycnn");
  const pruned = await pruningConfig({}, ["a.safetensors"]);
  assert.deepEqual([pruned.model, pruned.objective, pruned.data, pruned.batchSize], Array(4).fill(undefined));
  assert.equal((await pruningConfig({ objective: "at" }, ["a.safetensors"])).objective, "at");
  assert.equal((await pruningConfig({ allocation: "budget-of a.safetensors" })).density, undefined);
});

async function trainingConfig(flags: Flags): Promise<Config> {
  const { options, context } = await callOf(sparseTrain, flags);
  return (await sparseTrain.settled?.(options, context)) ?? {};
}

async function pruningConfig(flags: Flags, positionals: readonly string[] = []): Promise<Config> {
  const { options, context } = await callOf(pruneHydra, flags);
  return (await pruneHydra.settled?.(options, { ...context, positionals })) ?? {};
}

/** As plain data, as records have them. */
function plain(settings: object): unknown {
  return JSON.parse(JSON.stringify(settings));
}
