import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Signal } from "../../src/commands/command.js";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { masksOf } from "../../src/pruning/masked-network.js";
import { parseRecord, type RunStart, recordSchema } from "../../src/records/events.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** 54 of 60 images train: 6 whole steps and a short one an epoch. */
const small = {
  ...{ data: "sample", trainSamples: 60, testSamples: 20, model: "tinycnn", connections: 1095 },
  ...{ batchSize: 8, attackSteps: 2, pretrainEpochs: 2, pruneEpochs: 1, finetuneEpochs: 2, checkpointEvery: "0s" },
};
const stepsAnEpoch = 7;

interface RunOptions {
  readonly positionals?: readonly string[];
  readonly stdin?: string;
  readonly interrupted?: () => Signal | null;
}

async function run(
  flags: Readonly<Record<string, unknown>>,
  { positionals = [], stdin = "", interrupted }: RunOptions = {},
) {
  const call = await callOf(pruneHydra, flags, interrupted);
  const input = { stream: Readable.from(stdin === "" ? [] : [Buffer.from(stdin)]), isTerminal: false };
  const context = { ...call.context, positionals, stdin: () => input };
  const code = await pruneHydra.run(call.options, context);
  return { code, lines: call.lines(), notes: call.notes };
}

type Line = Readonly<Record<string, unknown>>;

const checkpointsOf = (lines: readonly Line[]) => lines.filter(({ type }) => type === "checkpoint");
const bytesOf = (folder: string, name: string) => readFileSync(join(folder, `${name}.safetensors`));
const tensorsOf = async (folder: string, name: string) =>
  (await readNetworkFile(join(folder, `${name}.safetensors`))).network.tensors;

test("all stages leave a chain of checkpoints, each naming the one it was made from, with the kept weights asked for", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { code, lines } = await run({ ...small, out });
  assert.equal(code, 0);
  for (const line of lines) recordSchema.parse(line);
  const [pretrain, prune, best, final] = checkpointsOf(lines);
  assert.deepEqual(
    [pretrain, prune, best, final].map((record) => [record?.role, record?.phase, record?.method, record?.connections]),
    [
      ["stage", "pretrain", "dense", 10_952],
      ["stage", "prune", "hydra", 1095],
      ["best", "finetune", "hydra", 1095],
      ["final", "finetune", "hydra", 1095],
    ],
  );
  assert.deepEqual(
    [pretrain, prune, best, final].map((record) => record?.parent),
    [null, pretrain?.sha256, prune?.sha256, prune?.sha256],
  );
  assert.deepEqual(
    [pretrain, prune, final].map((record) => record?.imageSteps),
    [2 * 54, 3 * 54, 5 * 54],
  );
  assert.equal(final?.forwardEquivalents, 5 * 54 * (1 + 2 * 2 + 6));
  assert.equal(final?.step, 2 * stepsAnEpoch);
  const file = await readNetworkFile(join(out, "final.safetensors"));
  assert.equal(file.sha256, final?.sha256);
  assert.equal(file.checkpoint.parent, prune?.sha256);
  assert.deepEqual(masksOf(file.network), masksOf((await readNetworkFile(join(out, "prune.safetensors"))).network));
  assert.deepEqual(
    [...masksOf(file.network).values()].map((mask) => mask.length),
    [7, 115, 461, 512],
  );
  assert.deepEqual(
    readFileSync(join(out, "records.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    lines,
  );
});

test("a run that is stopped again and again, in every stage and between them, ends in the bytes and records of one that is not", async (t) => {
  const folder = temporaryFolder(t);
  const [whole, broken] = [join(folder, "whole"), join(folder, "broken")];
  // A session must be long enough for an evaluation, which is done again when it is broken off.
  for (const [profile, method, length] of [
    ["corrected", "hydra", 15],
    ["reference", "hydra", 7],
    ["corrected", "admm", 15],
  ] as const) {
    const flags = { ...small, profile, method, force: true };
    const reference = await run({ ...flags, out: whole });
    let calls = 0;
    let sessions = 0;
    let last: { code: number; lines: readonly Line[] } = { code: 143, lines: [] };
    while (last.code !== 0) {
      assert.ok(sessions++ < 200);
      const until = calls + length;
      const interrupted = () => (++calls > until ? "SIGTERM" : null);
      last = await run({ ...flags, force: sessions === 1, out: broken, resume: sessions > 1 }, { interrupted });
    }
    assert.ok(sessions > 5, `${sessions} sessions`);
    for (const name of ["pretrain", "prune", "best", "final"])
      assert.deepEqual(bytesOf(broken, name), bytesOf(whole, name), name);
    assert.deepEqual(last.lines.map(withoutTimes), reference.lines.map(withoutTimes));
  }
});

test("stages run one by one, by path and from the stream, end in the networks of a run of all", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  await run({ ...small, out: at("all") });
  const first = await run({ ...small, out: at("one"), stage: "pretrain" });
  assert.ok(!existsSync(join(at("one"), "final.safetensors")));
  const { model, ...unnamed } = small;
  const stdin = first.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const second = await run({ ...unnamed, out: at("two"), stage: "prune" }, { positionals: ["-"], stdin });
  assert.deepEqual(second.lines.slice(0, first.lines.length), first.lines);
  const pruned = join(at("two"), "prune.safetensors");
  const { connections, ...sizes } = unnamed;
  const third = await run({ ...sizes, out: at("three"), stage: "finetune" }, { positionals: [pruned] });
  const { data, ...dataless } = unnamed;
  const rest = await run({ ...dataless, out: at("rest") }, { positionals: [join(at("one"), "pretrain.safetensors")] });

  assert.deepEqual(await tensorsOf(at("one"), "pretrain"), await tensorsOf(at("all"), "pretrain"));
  assert.deepEqual(await tensorsOf(at("two"), "prune"), await tensorsOf(at("all"), "prune"));
  for (const name of ["three", "rest"])
    assert.deepEqual(await tensorsOf(at(name), "final"), await tensorsOf(at("all"), "final"));
  const [, , , last] = checkpointsOf([...checkpointsOf(second.lines), ...checkpointsOf(third.lines)]);
  assert.deepEqual([last?.method, last?.role, last?.model], ["hydra", "final", { name: "tinycnn", width: 1 }]);
  assert.deepEqual(
    checkpointsOf(rest.lines).map(({ phase }) => phase),
    ["prune", "finetune", "finetune"],
  );
  const costs = ["all", "three", "rest"].map(async (name) => {
    const { checkpoint } = await readNetworkFile(join(at(name), "final.safetensors"));
    return [checkpoint.imageSteps, checkpoint.forwardEquivalents];
  });
  const expected = [5 * 54, 5 * 54 * (1 + 2 * 2 + 6)];
  assert.deepEqual(await Promise.all(costs), [expected, expected, expected]);
});

test("the baselines prune at once and are recorded under their names", async (t) => {
  const folder = temporaryFolder(t);
  for (const [method, recorded] of [
    ["lwm", "lwm"],
    ["random", "prune-random"],
  ] as const) {
    const { lines } = await run({ ...small, method, out: join(folder, method) });
    const phases = lines.filter(({ type }) => type === "train.epoch").map(({ phase }) => phase);
    assert.deepEqual(phases, ["pretrain", "pretrain", "finetune", "finetune"]);
    assert.deepEqual(
      checkpointsOf(lines).map((record) => record.method),
      ["dense", recorded, recorded, recorded],
    );
    assert.equal(checkpointsOf(lines)[1]?.step, 0);
  }
});

test("ADMM trains all weights in its prune stage and hands on exactly the weights asked for, under its own rates", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines } = await run({ ...small, method: "admm", out });
  const epochs = lines.filter(({ type }) => type === "train.epoch");
  assert.deepEqual(
    epochs.map(({ phase, connections, learningRate }) => [phase, connections, learningRate]),
    [
      ["pretrain", 10_952, 0.05],
      ["pretrain", 10_952, 0.1],
      ["prune", 10_952, 0.001],
      ["finetune", 1095, 0.01],
      ["finetune", 1095, 0.001],
    ],
  );
  assert.deepEqual(
    checkpointsOf(lines).map(({ role, method, connections, imageSteps }) => [role, method, connections, imageSteps]),
    [
      ["stage", "dense", 10_952, 2 * 54],
      ["stage", "admm", 1095, 3 * 54],
      ["best", "admm", 1095, checkpointsOf(lines)[2]?.imageSteps],
      ["final", "admm", 1095, 5 * 54],
    ],
  );
});

test("a density gives each layer the reference code's count; the reference profile its statistics and selection", async (t) => {
  const { connections, ...rest } = small;
  const out = join(temporaryFolder(t), "run");
  const { lines } = await run({ ...rest, density: 0.1, profile: "reference", out });
  const final = checkpointsOf(lines).at(-1);
  assert.equal(final?.density, 0.1);
  // 72, 1152, 4608, 5120 weights less trunc(0.9 of them).
  assert.equal(final?.connections, 8 + 116 + 461 + 512);
  assert.equal(final?.forwardEquivalents, 5 * 60 * (1 + 2 * 2 + 6 + 1));
  const [epoch] = lines.filter(({ type }) => type === "train.epoch");
  assert.deepEqual(epoch?.selection, { split: "test", samples: 20, rule: "test-clean" });
});

test("the layout of a sparse network is taken over layer by layer, and resumed by its digest", async (t) => {
  const folder = temporaryFolder(t);
  const { connections, ...rest } = small;
  await run({ ...rest, connections: 900, allocation: "erk", method: "lwm", stage: "all", out: join(folder, "erk") });
  const model = join(folder, "erk", "final.safetensors");
  const flags = { ...rest, method: "random", allocation: `budget-of ${model}`, out: join(folder, "same") };
  const { lines } = await run(flags);
  const masks = async (name: string) =>
    masksOf((await readNetworkFile(join(folder, name, "final.safetensors"))).network);
  const counts = async (name: string) => [...(await masks(name))].map(([layer, mask]) => [layer, mask.length]);
  assert.deepEqual(await counts("same"), await counts("erk"));
  assert.notDeepEqual(await masks("same"), await masks("erk"));
  assert.equal(checkpointsOf(lines).at(-1)?.density, 900 / 10_952);
  const { checkpoint, sha256 } = await readNetworkFile(join(folder, "same", "final.safetensors"));
  const { sha256: digest } = await readNetworkFile(model);
  assert.deepEqual([checkpoint.config?.allocation, checkpoint.config?.budgetOf], [undefined, digest]);
  const { allocation, ...unnamed } = flags;
  const { stored } = pruneHydra;
  const { options: again } = await callOf(pruneHydra, { ...unnamed, resume: true });
  assert.equal((await stored?.(again))?.allocation, allocation, "it need not be named again");
  const moved = join(folder, "moved.safetensors");
  renameSync(model, moved);
  assert.equal((await run({ ...flags, allocation: `budget-of=${moved}`, resume: true })).code, 0);
  assert.equal((await readNetworkFile(join(folder, "same", "final.safetensors"))).sha256, sha256);
  await assert.rejects(
    run({ ...flags, allocation: "erk", connections: 900, resume: true }),
    /budgetOf is not set, and the run in .* was started with "[0-9a-f]{64}"/,
  );
  const dense = join(folder, "erk", "pretrain.safetensors");
  for (const [allocation, more, message] of [
    ["budget-of", {}, /the checkpoint is missing; give both as one/],
    ["free", {}, /--allocation free: is not one of uniform, erk/],
    [`budget-of ${moved}`, { density: 0.1 }, /--density: --allocation budget-of brings the weights of each layer/],
    [`budget-of ${dense}`, {}, /is dense; --allocation budget-of takes a sparse network's layout/],
  ] as const)
    await assert.rejects(run({ ...rest, allocation, ...more, out: join(folder, "new") }), message);
});

test("what cannot be pruned or fine-tuned is refused with the stage that could", async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, "made");
  await run({ ...small, out, finetuneEpochs: 1, pretrainEpochs: 1 });
  const [dense, pruned] = ["pretrain", "prune"].map((name) => join(out, `${name}.safetensors`));
  const tenth = {
    ...small,
    connections: null,
    density: 0.1,
    method: "lwm",
    stage: "prune",
    out: join(folder, "tenth"),
  };
  await run(tenth, { positionals: [dense ?? ""] });
  renameSync(join(folder, "tenth", "prune.safetensors"), join(out, "atTenth.safetensors"));
  const from = (path: string | undefined, flags: object) =>
    run({ ...small, out: join(folder, "new"), ...flags }, { positionals: path === undefined ? [] : [path] });
  await assert.rejects(from(undefined, { stage: "prune" }), /--stage prune: the dense network is missing/);
  await assert.rejects(from(undefined, { stage: "finetune" }), /--stage finetune: the pruned network is missing/);
  await assert.rejects(from(dense, { stage: "pretrain" }), /--stage pretrain makes a network of its own/);
  await assert.rejects(from(pruned, {}), /is sparse; pruning takes a dense network, and --stage finetune a pruned one/);
  await assert.rejects(from(dense, { stage: "finetune" }), /is dense; --stage finetune takes a pruned network/);
  await assert.rejects(
    from(pruned, { stage: "finetune", connections: 1000 }),
    /keeps \d+ weights of layer \w+, \d+ were asked for/,
  );
  await assert.rejects(
    from(join(out, "atTenth.safetensors"), { stage: "finetune", connections: null, density: 0.2 }),
    /--density 0.2: .*atTenth.safetensors was pruned to density 0.1, which fine-tuning keeps/,
  );
  await assert.rejects(from(dense, { model: "vgg16" }), /--model vgg16: .* holds tinycnn/);
  await assert.rejects(
    from(dense, { data: "cifar10" }),
    /--data cifar10: .*pretrain.safetensors was trained on sample/,
  );
  await assert.rejects(from(undefined, { sparsity: 0.9 }), /exclude each other/);
  await assert.rejects(from(undefined, { connections: 3 }), /--connections 3 cannot be shared out: 4 layers/);
  assert.ok(!existsSync(join(folder, "new")));
});

test("a stream without a network to prune, and one whose file has changed, are refused", async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, "made");
  const made = await run({ ...small, out, stage: "pretrain", pretrainEpochs: 1 });
  const stream = (lines: readonly Line[]) => ({
    positionals: ["-"],
    stdin: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  const flags = { ...small, out: join(folder, "new") };
  await assert.rejects(run(flags, stream([])), /the records on stdin end with no run/);
  const withoutFile = made.lines.filter(({ type }) => type !== "checkpoint");
  await assert.rejects(run(flags, stream(withoutFile)), /which has no checkpoint of role final or stage/);
  const path = join(out, "pretrain.safetensors");
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(run(flags, stream(made.lines)), /pretrain\.safetensors/);
});

test("resuming goes on from the checkpoint that the run was begun from, and refuses another and a changed option by name", async (t) => {
  const folder = temporaryFolder(t);
  const [made, out] = [join(folder, "made"), join(folder, "run")];
  await run({ ...small, out: made, pretrainEpochs: 1 });
  const source = join(made, "pretrain.safetensors");
  const broken = (into: string, positionals: readonly string[]) => {
    let calls = 0;
    return run({ ...small, out: into }, { positionals, interrupted: () => (++calls > 9 ? "SIGINT" : null) });
  };
  const { code, notes } = await broken(out, [source]);
  assert.equal(code, 130);
  assert.equal(notes.at(-1), `the state is saved; to go on: prune-hydra --out ${out} --resume`);
  const again = { ...small, out, resume: true };
  await assert.rejects(run({ ...again, method: "lwm" }), /method is "lwm", .* was started with "hydra"/);
  const other = join(made, "prune.safetensors");
  const refusal = {
    name: "UsageError",
    message: /the run in .*run was begun from .*pretrain\.safetensors .*prune\.safetensors is another/,
  };
  await assert.rejects(run({ ...again, dryRun: true }, { positionals: [other] }), refusal);

  const moved = join(made, "moved.safetensors");
  renameSync(source, moved);
  await assert.rejects(run(again), {
    name: "UsageError",
    message: `--resume: ${source}, which the run in ${out} was begun from, is not there; name where it lies now: prune-hydra FILE --out ${out} --resume`,
  });
  copyFileSync(other, source);
  await assert.rejects(run(again), /was begun from .*; another file lies there now/);
  copyFileSync(moved, source);
  assert.equal((await run(again)).code, 0);
  assert.equal((await run(again, { positionals: [moved] })).code, 0, "the same network under another name");

  const own = join(folder, "own");
  assert.equal((await broken(own, [])).code, 130);
  await assert.rejects(
    run({ ...again, out: own }, { positionals: [moved] }),
    /run in .*own pre-trains its own network, not .*moved/,
  );
});

test("what a run begun from a checkpoint records is what it used: no network and no epochs that it has not", async (t) => {
  const folder = temporaryFolder(t);
  const [made, out] = [join(folder, "made"), join(folder, "run")];
  const { lines: before } = await run({ ...small, out: made, stage: "pretrain", pretrainEpochs: 1 });
  const path = join(made, "pretrain.safetensors");
  const { model, pretrainEpochs, ...rest } = small;
  const { lines } = await run({ ...rest, method: "lwm", out }, { positionals: [path] });
  const [own, start] = [startOf(before), startOf(lines)];
  assert.deepEqual(start.source, { path, sha256: (await readNetworkFile(path)).sha256 });
  assert.equal(own.source, undefined);
  const { config } = (await readNetworkFile(join(out, "final.safetensors"))).checkpoint;
  for (const used of [start.config, config]) {
    assert.deepEqual([used?.model, used?.width, used?.method], ["tinycnn", 1, "lwm"]);
    const keys = [
      "pretrainEpochs",
      "pruneEpochs",
      "pruneLearningRate",
      "padding",
      "scaleWeights",
      "scoreInit",
      "rho",
      "rstFrac",
    ];
    for (const key of keys) assert.equal(used?.[key], undefined, key);
    assert.equal(used?.finetuneEpochs, 2);
  }
  assert.deepEqual([own.config.model, own.config.pretrainEpochs, own.config.finetuneEpochs], ["tinycnn", 1, undefined]);
});

test("--dry-run says what would be done and writes nothing", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { code, lines, notes } = await run({ ...small, out, dryRun: true });
  assert.equal(code, 0);
  assert.equal(lines.length, 0);
  assert.match(
    notes.join("\n"),
    /keeps 1095 of 10952 weights[\s\S]*pretrain 2 epochs, prune 1 epoch, finetune 2 epochs; 7 steps/,
  );
  assert.ok(!existsSync(out));
});

function startOf([first]: readonly Line[]): RunStart {
  const record = parseRecord(first, "the first line");
  assert.ok(record?.type === "run.start");
  return record;
}

/** Times, rates and memory are a session's own; the run's id and the folder's name are the run's. */
function withoutTimes({ time, run: _run, seconds, imagesPerSecond, memoryBytes, path, ...record }: Line) {
  return { ...record, config: undefined };
}
