import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { type SparseTrainOptions, type SparseTrainSettings, settle } from "../../src/commands/sparse-train-options.js";
import { stream } from "../../src/core/rng.js";
import type { Tensor } from "../../src/models/network.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";

type Flags = Readonly<Record<string, unknown>>;

/** 27 of 30 images train, 3 steps an epoch. The noise is so large that connections die and come back at every step. */
const base: Flags = {
  ...{ data: "sample", trainSamples: 30, testSamples: 10, model: "tinycnn", density: 0.1, batchSize: 9, threads: 1 },
  ...{ attackSteps: 2, epochs: 2, objective: "trades", noiseScaling: 0.3 },
};
const { density, ...withoutDensity } = base;
const crowded: Flags = { ...base, density: 0.02, set: ["layers.dense4.density=0.1"] };

const fixed: Flags = { ...base, mode: "fixed" };
const flying: Flags = { ...base, mode: "flying-bird", exchangeEvery: 2 };
const exchanging: Flags = { ...base, mode: "rigl", exchangeEvery: 2 };

/** Another value of an option, and where the base would not show it a base of its own. */
const changes: readonly [string, unknown, Flags?][] = [
  ["width", 2],
  ["mode", "fixed"],
  ["mode", "deep-rewiring"],
  ["mode", "set"],
  ["mode", "rigl"],
  ["mode", "flying-bird"],
  ["mode", "flying-bird-plus", { ...flying, trainSamples: 60, epochs: 5 }],
  ["grow", "gradient", flying],
  ["density", 0.2],
  ["sparsity", 0.8, withoutDensity],
  ["connections", 2000, withoutDensity],
  ["set", ["layers.conv3.density=0.2"]],
  ["objective", "at"],
  ["objective", "mat"],
  ["objective", "mart"],
  ["epochs", 3],
  ["steps", 2],
  ["learningRate", 0.05],
  ["weightDecay", 0.1],
  ["momentum", 0.5],
  ["epsilon", 0.01],
  ["attackStep", 0.01],
  ["attackSteps", 3],
  ["beta", 1],
  ["noiseScaling", 0.1],
  ["noiseMode", "langevin"],
  ["split", "free"],
  ["split", "target"],
  ["schedule", "cosine"],
  ["staticReparam", true, fixed],
  ["exchangeEvery", 3, exchanging],
  ["dropFraction", 0.9, exchanging],
  ["resetMomentum", true],
  ["initExcess", "keep", crowded],
  ["profile", "reference", crowded],
  ["augment", "none"],
  ["mirror", "never"],
  ["grayToRgb", true],
  ["ema", 0.5],
  ["seed", 2],
  ["batchSize", 3],
  ["trainSamples", 40],
  ["select", "last"],
];

/** Batches of 4 labelled and 4 pseudo-labelled images, 6 steps an epoch. */
const selfTrained = { ...base, objective: "rst", batchSize: 8, epochs: 1 };

for (const [key, value, own = base] of changes) {
  test(`--${key} ${String(value)} alters the trained network`, async (t) => {
    const folder = temporaryFolder(t);
    const before = await trained({ ...own, out: join(folder, "before") });
    const after = await trained({ ...own, [key]: value, out: join(folder, "after") });
    assert.notDeepEqual(after, before);
  });
}

test("--rst-data and --rst-frac alter the trained network", async (t) => {
  const folder = temporaryFolder(t);
  const [some, others] = [0, 1].map((seed) => pseudoLabelled(join(folder, `images${seed}`), seed));
  const before = await trained({ ...selfTrained, rstData: some, out: join(folder, "before") });
  for (const [name, change] of Object.entries({ others: { rstData: others }, share: { rstData: some, rstFrac: 0.25 } }))
    assert.notDeepEqual(await trained({ ...selfTrained, ...change, out: join(folder, name) }), before, name);
});

test("robust self-training counts epochs in labelled images and says what it was trained on beside them", async (t) => {
  const folder = temporaryFolder(t);
  const rstData = pseudoLabelled(join(folder, "images"), 0);
  const { options, context, lines } = await callOf(sparseTrain, { ...selfTrained, rstData, out: join(folder, "run") });
  await sparseTrain.run(options, context);
  const [start, epoch] = ["run.start", "train.epoch"].map((type) => lines().find((line) => line.type === type));
  assert.deepEqual(Object(start?.data).pseudoLabelled.samples, 5);
  // 27 of 30 images train: 6 batches of 4 beside 4, of the 5 in turn 4, 1, 4, 1, …
  assert.equal(epoch?.step, 6);
  const final = lines().findLast((line) => line.type === "checkpoint");
  assert.equal(final?.imageSteps, 6 * 4 + 3 * (4 + 1));
});

test("what does not go together with robust self-training is refused", async (t) => {
  const folder = temporaryFolder(t);
  const rstData = pseudoLabelled(join(folder, "images"), 0);
  const refusals: readonly [Flags, RegExp][] = [
    [{ rstData: null }, /--objective rst: the pseudo-labelled images are missing; name their file with --rst-data/],
    [{ rstData, objective: "trades" }, /--rst-data: only --objective rst trains on it; --objective is trades/],
    [{ rstData, rstFrac: 0.1 }, /--rst-frac 0\.1: 0 of 8 images of a batch would be pseudo-labelled; choose 1 to 7/],
    [
      { rstData: pseudoLabelled(join(folder, "small"), 0, 16) },
      /small: holds images of 16×16×1; those of --data sample/,
    ],
    [{ rstData: join(folder, "none") }, /cannot read .*none: no such file/],
  ];
  for (const [flags, message] of refusals) {
    const given = Object.fromEntries(
      Object.entries({ ...selfTrained, ...flags }).filter(([, value]) => value !== null),
    );
    await assert.rejects(trained({ ...given, out: join(folder, "run") }), message);
  }
});

for (const flags of [{ threads: 2 }, { checkpointEvery: "0s" }, { logEvery: 1 }, { engine: "native" }] as const) {
  test(`${JSON.stringify(flags)} alters nothing`, async (t) => {
    const folder = temporaryFolder(t);
    const before = await trained({ ...base, out: join(folder, "before") });
    assert.deepEqual(await trained({ ...base, ...flags, out: join(folder, "after") }), before);
  });
}

test("--export dense writes every weight beside the checkpoints", async (t) => {
  const out = join(temporaryFolder(t), "run");
  await trained({ ...base, out, export: "dense" });
  const { network } = await readNetworkFile(join(out, "final.dense.safetensors"));
  assert.ok([...network.tensors.values()].every(({ type }) => type === "dense"));
});

test("the defaults are those of the publication, profile by profile", async () => {
  const settled = async (flags: Flags) => settle((await callOf(sparseTrain, flags)).options);
  const corrected = await settled({});
  assert.deepEqual(corrected.target, { density: 0.01 });
  assert.deepEqual(corrected.attack, { epsilon: 8 / 255, stepSize: 2 / 255, steps: 10 });
  assert.deepEqual([corrected.batchSize, corrected.select, corrected.excess], [128, "val-pgd", "rescale"]);
  const reference = await settled({ profile: "reference" });
  assert.deepEqual([reference.select, reference.excess], ["test-clean", "keep"]);
  const { options }: { options: SparseTrainOptions } = await callOf(sparseTrain, {});
  assert.deepEqual([options.epochs, options.learningRate, options.beta, options.schedule], [200, 0.1, 6, "steps"]);
  const descent = ({ weightDecay, momentum, noiseScaling, split }: SparseTrainSettings) =>
    [weightDecay, momentum, noiseScaling, split] as const;
  assert.deepEqual(descent(corrected), [5e-4, 0.9, 1e-6, "size"]);
  assert.deepEqual(descent(await settled({ mode: "deep-rewiring" })), [0, 0, 1e-5, "target"]);
  assert.deepEqual(descent(await settled({ mode: "deep-rewiring", momentum: 0.5, split: "free" })), [
    0,
    0.5,
    1e-5,
    "free",
  ]);
  assert.deepEqual((await settled({ sparsity: 0.9 })).target, { density: 0.1 });
});

test("Flying Bird exchanges rarely and much, SET and RigL often and little; a plus goes by held-out images alone", async () => {
  const exchange = async (flags: Flags) => settle((await callOf(sparseTrain, flags)).options).exchange;
  assert.deepEqual(await exchange({ mode: "rigl" }), { grow: "gradient", every: 100, fraction: 0.3 });
  assert.deepEqual(await exchange({ mode: "set" }), { grow: "random", every: 100, fraction: 0.3 });
  assert.deepEqual(await exchange({ mode: "flying-bird" }), { grow: "random", every: 900, fraction: 0.5 });
  const own = { grow: "gradient", exchangeEvery: 7, dropFraction: 0.2 };
  const expected = { grow: "gradient", every: 7, fraction: 0.2 };
  assert.deepEqual(await exchange({ mode: "flying-bird-plus", ...own }), expected);
  const { options } = await callOf(sparseTrain, { mode: "flying-bird-plus", select: "last" });
  assert.throws(() => settle(options), /--select last: --mode flying-bird-plus needs val-pgd/);
});

test("--static-reparam is for masks that stay", async () => {
  for (const mode of ["bayes", "dense", "rigl"]) {
    const { options } = await callOf(sparseTrain, { mode, staticReparam: true });
    assert.throws(() => settle(options), new RegExp(`only --mode fixed and random .*; --mode is ${mode}`));
  }
});

/** A folder with five images of noise. */
function pseudoLabelled(folder: string, seed: number, side = 32): string {
  mkdirSync(join(folder, "train"), { recursive: true });
  const draws = stream(seed, "order", 5);
  const bytes = Uint8Array.from({ length: 5 * side * side }, () => draws.integer(256));
  writeFileSync(join(folder, "train", "images.npy"), npyFile({ shape: [5, side, side, 1], bytes }));
  writeFileSync(join(folder, "train", "labels.npy"), npyFile({ shape: [5], bytes: Uint8Array.of(0, 3, 1, 9, 2) }));
  return folder;
}

async function trained(flags: Flags): Promise<ReadonlyMap<string, Tensor>> {
  const { options, context } = await callOf(sparseTrain, flags);
  assert.equal(await sparseTrain.run(options, context), 0);
  return (await readNetworkFile(join(String(flags.out), "final.safetensors"))).network.tensors;
}
