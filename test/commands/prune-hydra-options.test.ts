import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { type PruneHydraOptions, settle } from "../../src/commands/prune-hydra-options.js";
import type { Tensor } from "../../src/models/network.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

type Flags = Readonly<Record<string, unknown>>;

/** 27 of 30 images train, 3 steps an epoch. */
const base: Flags = {
  ...{ data: "sample", trainSamples: 30, testSamples: 10, model: "tinycnn", density: 0.1, batchSize: 9, threads: 1 },
  ...{ attackSteps: 2, pretrainEpochs: 2, pruneEpochs: 2, finetuneEpochs: 2, objective: "trades" },
};
const { density, ...withoutDensity } = base;
const admm: Flags = { ...base, method: "admm" };

/** Another value of an option, and where the base would not show it a base of its own. */
const changes: readonly [string, unknown, Flags?][] = [
  ["method", "lwm"],
  ["method", "admm"],
  ["schedule", "step", { ...base, finetuneEpochs: 8 }],
  ["pruneLearningRate", 0.05],
  ["rho", 0.3, admm],
  ["rhoGrowth", 2, { ...admm, rho: 0.1 }],
  ["admmCycles", 3, { ...admm, rho: 0.1 }],
  ["width", 2],
  ["density", 0.2],
  ["sparsity", 0.8, withoutDensity],
  ["connections", 2000, withoutDensity],
  ["allocation", "erk"],
  ["objective", "at"],
  ["objective", "mart"],
  ["pretrainEpochs", 3],
  ["pruneEpochs", 3],
  ["finetuneEpochs", 3],
  ["learningRate", 0.05],
  ["finetuneLearningRate", 0.02],
  ["weightDecay", 0.1],
  ["momentum", 0.5],
  ["epsilon", 0.01],
  ["attackStep", 0.01],
  ["attackSteps", 3],
  ["beta", 1],
  ["profile", "reference"],
  ["augment", "none"],
  ["bnUpdates", "hydra"],
  ["scoreInit", "xavier-normal"],
  ["scoreInit", "snip"],
  ["from", "best", { ...base, pretrainEpochs: 3, learningRate: 0.3, select: "val-clean" }],
  [
    "padding",
    "torch",
    { ...base, model: "wrn10_1", width: 0.25, pretrainEpochs: 1, pruneEpochs: 1, finetuneEpochs: 1 },
  ],
  ["scaleWeights", true],
  ["pretrainEpochs", 0],
  ["pruneEpochs", 0],
  ["mirror", "never"],
  ["bnReestimate", 20, { ...base, method: "lwm" }],
  ["freezeBn", true],
  ["seed", 2],
  ["batchSize", 5],
  ["trainSamples", 40],
  ["select", "last"],
];

for (const [key, value, own = base] of changes) {
  test(`--${key} ${String(value)} alters the pruned network`, async (t) => {
    const folder = temporaryFolder(t);
    const before = await pruned({ ...own, out: join(folder, "before") });
    const after = await pruned({ ...own, [key]: value, out: join(folder, "after") });
    assert.notDeepEqual(after, before);
  });
}

for (const flags of [{ threads: 2 }, { checkpointEvery: "0s" }, { logEvery: 1 }, { engine: "native" }] as const) {
  test(`${JSON.stringify(flags)} alters nothing`, async (t) => {
    const folder = temporaryFolder(t);
    const before = await pruned({ ...base, out: join(folder, "before") });
    assert.deepEqual(await pruned({ ...base, ...flags, out: join(folder, "after") }), before);
  });
}

test("without options it is the published recipe of stages, at the radius of the evaluation", async () => {
  const { optimizers, attack, statistics, select, target, batchSize } = settle(await optionsOf({}));
  const common = { schedule: "cosine", weightDecay: 1e-4, momentum: 0.9 };
  assert.deepEqual(optimizers, {
    pretrain: { ...common, epochs: 100, learningRate: 0.1 },
    prune: { ...common, epochs: 20, learningRate: 0.1 },
    finetune: { ...common, epochs: 100, learningRate: 0.01 },
  });
  assert.deepEqual(attack, { epsilon: 8 / 255, stepSize: 2 / 255, steps: 10 });
  assert.deepEqual(statistics, { updates: "once", variance: "biased" });
  assert.deepEqual([select, target, batchSize], ["val-pgd", { density: 0.01 }, 128]);
});

test("the reference profile has the published code's radius, step, running statistics and selection", async () => {
  const { attack, statistics, select } = settle(await optionsOf({ profile: "reference" }));
  assert.deepEqual(attack, { epsilon: 0.031, stepSize: 0.0078, steps: 10 });
  assert.deepEqual(statistics, { updates: "hydra", variance: "unbiased" });
  assert.equal(select, "test-clean");
  assert.equal(settle(await optionsOf({ profile: "reference", epsilon: "8/255" })).attack.epsilon, 8 / 255);
});

test("sparsity is 1 - density without the error of binary fractions", async () => {
  assert.deepEqual(settle(await optionsOf({ sparsity: 0.9 })).target, { density: 0.1 });
});

async function optionsOf(flags: Flags): Promise<PruneHydraOptions> {
  return (await callOf(pruneHydra, flags)).options;
}

async function pruned(flags: Flags): Promise<ReadonlyMap<string, Tensor>> {
  const { options, context } = await callOf(pruneHydra, flags);
  assert.equal(await pruneHydra.run(options, context), 0);
  return (await readNetworkFile(join(options.out ?? "", "final.safetensors"))).network.tensors;
}
