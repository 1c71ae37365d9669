/** Every stage and way of pruning on the tensorflow engine: the losses and, but for ties of rounding, the masks of the native one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { masksOf } from "../../src/pruning/masked-network.js";
import { recordSchema } from "../../src/records/events.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { tensorflowSkip as skip } from "../support/tensorflow-engine.js";

type Flags = Readonly<Record<string, unknown>>;

/** 27 of 30 images train, 3 steps an epoch; rates at which rounding does not grow. */
const small = {
  ...{ data: "sample", trainSamples: 30, testSamples: 10, model: "tinycnn", density: 0.2, batchSize: 9, threads: 2 },
  ...{ attackSteps: 2, pretrainEpochs: 1, pruneEpochs: 1, finetuneEpochs: 1, learningRate: 0.02, logEvery: 1 },
};

const ways: readonly (readonly [name: string, flags: Flags])[] = [
  ["hydra, TRADES", { ...small, objective: "trades" }],
  ["hydra, AT, first scores by SNIP", { ...small, objective: "at", scoreInit: "snip" }],
  ["hydra, reference profile", { ...small, profile: "reference", objective: "mart", learningRate: 0.005 }],
  [
    "hydra with batch-norm frozen, layers shared by ERK",
    { ...small, freezeBn: true, allocation: "erk", objective: "mat" },
  ],
  ["the largest weights, statistics estimated again", { ...small, method: "lwm", bnReestimate: 4 }],
  ["any weights", { ...small, method: "random", objective: "natural" }],
  ["admm in three cycles", { ...small, method: "admm", rho: 0.1, rhoGrowth: 2, admmCycles: 3 }],
  ["a residual network with PyTorch's padding", { ...small, model: "wrn10_1", width: 0.25, padding: "torch" }],
  ["scaled first weights, no training before", { ...small, scaleWeights: true, pretrainEpochs: 0 }],
];

for (const [name, flags] of ways) {
  test(`${name}: losses and masks are those of the native engine`, { skip }, async (context) => {
    const [ours, theirs] = await both(context, flags);
    const [found, expected] = [ours, theirs].map(({ lines }) => lines.filter(({ type }) => type === "train.step"));
    assert.ok(found !== undefined && found.length >= 6 && found.length === expected?.length);
    for (const [step, { loss }] of found.entries()) {
      const other = Number(expected?.[step]?.loss);
      // Fine-tuning may begin with another weight or two.
      const tolerance = step < (found.length * 2) / 3 ? 1e-2 : 0.1;
      assert.ok(Math.abs(Number(loss) - other) <= tolerance * Math.max(1, other), `step ${step}: ${loss} and ${other}`);
    }
    await assertSameMasks(ours.folder, theirs.folder);
  });
}

async function both(context: TestContext, flags: Flags) {
  const folder = temporaryFolder(context);
  const run = async (engine: string) => {
    const out = join(folder, engine);
    return { lines: await pruned({ ...flags, engine, out }), folder: out };
  };
  return [await run("tensorflow"), await run("native")] as const;
}

async function pruned(flags: Flags) {
  const { options, context, lines } = await callOf(pruneHydra, flags);
  assert.equal(await pruneHydra.run(options, context), 0);
  for (const line of lines()) recordSchema.parse(line);
  return lines();
}

/** As many weights in each layer; hardly one is kept on one side alone. */
async function assertSameMasks(ours: string, theirs: string): Promise<void> {
  const [found, expected] = await Promise.all([ours, theirs].map(masksIn));
  assert.deepEqual([...(found ?? [])].map(sizeOf), [...(expected ?? [])].map(sizeOf));
  for (const [layer, mask] of found ?? []) {
    const wanted = new Set(expected?.get(layer));
    const others = mask.filter((position) => !wanted.has(position)).length;
    assert.ok(others <= 2 + 0.02 * mask.length, `${layer}: ${others} of ${mask.length}`);
  }
}

async function masksIn(folder: string) {
  return masksOf((await readNetworkFile(join(folder, "final.safetensors"))).network);
}

function sizeOf([layer, { length }]: readonly [string, { readonly length: number }]) {
  return [layer, length];
}

test("stages run one by one, each from the file of the one before, end as a run of all", { skip }, async (context) => {
  const folder = temporaryFolder(context);
  const flags = { ...small, engine: "tensorflow" };
  await pruned({ ...flags, out: join(folder, "all") });
  await pruned({ ...flags, stage: "pretrain", out: join(folder, "one") });
  const { model, ...unnamed } = flags;
  for (const [stage, from, to] of [
    ["prune", "one/pretrain", "two"],
    ["finetune", "two/prune", "three"],
  ] as const) {
    const call = await callOf(pruneHydra, { ...unnamed, stage, out: join(folder, to) });
    const positionals = [join(folder, `${from}.safetensors`)];
    assert.equal(await pruneHydra.run(call.options, { ...call.context, positionals }), 0);
  }
  await assertSameMasks(join(folder, "three"), join(folder, "all"));
});

test("a pruned network takes the layer sizes of a sparse one", { skip }, async (context) => {
  const folder = temporaryFolder(context);
  const { data, trainSamples, testSamples, model, density, batchSize } = small;
  const shared = { data, trainSamples, testSamples, model, density, batchSize, engine: "tensorflow" };
  const call = await callOf(sparseTrain, {
    ...shared,
    mode: "bayes",
    attackSteps: 1,
    epochs: 1,
    out: join(folder, "sparse"),
  });
  assert.equal(await sparseTrain.run(call.options, call.context), 0);
  const { density: _density, ...rest } = small;
  const allocation = `budget-of ${join(folder, "sparse", "final.safetensors")}`;
  await pruned({ ...rest, engine: "tensorflow", allocation, out: join(folder, "pruned") });
  const [sparse, mask] = [await masksIn(join(folder, "sparse")), await masksIn(join(folder, "pruned"))];
  assert.deepEqual([...mask].map(sizeOf), [...sparse].map(sizeOf));
});
