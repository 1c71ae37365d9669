import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Signal } from "../../src/commands/command.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { recordSchema } from "../../src/records/events.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** 54 of 60 images train, 6 steps an epoch, 12 in all. */
const small = {
  ...{ data: "sample", trainSamples: 60, testSamples: 20, model: "tinycnn", density: 0.1 },
  ...{ batchSize: 9, attackSteps: 2, epochs: 2, objective: "trades", checkpointEvery: "0s" },
};

test("the same seed gives the same checkpoints, another seed others", async (t) => {
  const folder = temporaryFolder(t);
  const runs = ["a", "b", "c"].map((name) => join(folder, name));
  for (const [i, out] of runs.entries()) await run({ ...small, out, seed: i === 2 ? 2 : 1 });
  const [first, second, third] = runs.map((out) => ["best", "final"].map((name) => bytesOf(out, name)));
  assert.deepEqual(first, second);
  assert.notDeepEqual(first, third);
});

for (const [mode, objective, more = {}] of [
  ["bayes", "trades"],
  ["bayes", "at"],
  ["fixed", "natural"],
  ["dense", "at"],
  ["deep-rewiring", "at"],
  ["set", "mat"],
  ["rigl", "at"],
  ["flying-bird", "at"],
  ["flying-bird-plus", "at", { grow: "gradient", epochs: 4, ema: 0.5 }],
  ["bayes", "mart", { ema: 0.9 }],
] as const) {
  const { density, ...rest } = small;
  const flags = { ...(mode === "dense" ? rest : small), mode, objective, exchangeEvery: 2, ...more };
  test(`a ${mode} run (${objective}) that is stopped again and again ends in the bytes and records of one that is not`, async (t) => {
    const folder = temporaryFolder(t);
    const [whole, broken] = [join(folder, "whole"), join(folder, "broken")];
    const reference = await run({ ...flags, out: whole });
    let calls = 0;
    let sessions = 0;
    let last = { code: 143, lines: reference.lines };
    while (last.code !== 0) {
      assert.ok(sessions++ < 100);
      const until = calls + 5 + 6 * (sessions % 3);
      last = await run({ ...flags, out: broken, resume: sessions > 1 }, () => (++calls > until ? "SIGTERM" : null));
      if (last.code !== 0) assert.equal(last.code, 143);
    }
    assert.ok(sessions > 2);
    for (const name of ["best", "final"]) assert.deepEqual(bytesOf(broken, name), bytesOf(whole, name));
    assert.deepEqual(last.lines.map(withoutTimes), reference.lines.map(withoutTimes));
    assert.equal(new Set(last.lines.map(({ run }) => run)).size, 1);
  });
}

test("every record fits the schema, the first is run.start, the last run.end, and the folder has them too", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines, code } = await run({ ...small, out, logEvery: 4 });
  assert.equal(code, 0);
  for (const line of lines) recordSchema.parse(line);
  const types = lines.map(({ type }) => type);
  const epoch = (steps: number) => [...Array(steps).fill("train.step"), "train.epoch"];
  assert.deepEqual(types, ["run.start", ...epoch(1), ...epoch(2), "checkpoint", "checkpoint", "run.end"]);
  const written = readFileSync(join(out, "records.ndjson"), "utf8").trim().split("\n");
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    lines,
  );
});

test("checkpoint records tell what the files hold", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines } = await run({ ...small, out });
  const records = lines.filter(({ type }) => type === "checkpoint");
  assert.deepEqual(
    records.map(({ role }) => role),
    ["best", "final"],
  );
  for (const record of records) {
    const { network, checkpoint, sha256 } = await readNetworkFile(join(out, `${record.role}.safetensors`));
    assert.equal(record.sha256, sha256);
    assert.equal(checkpoint.role, record.role);
    assert.equal(checkpoint.method, "bayes");
    assert.equal(record.connections, 1095);
    assert.equal(checkpoint.weights, 10_952);
    const kept = [...network.tensors.values()].flatMap((tensor) => (tensor.type === "connections" ? [tensor] : []));
    assert.equal(
      kept.reduce((sum, { index }) => sum + index.length, 0),
      1095,
    );
  }
  const final = records.at(-1);
  assert.equal(final?.imageSteps, 12 * 9);
  assert.equal(final?.forwardEquivalents, 12 * 9 * (1 + 2 * 2 + 6));
  assert.equal(final?.step, 12);
  assert.equal(final?.epoch, 2);
});

test("test-clean judges after the first step of each epoch and at the end; last keeps no best", async (t) => {
  const folder = temporaryFolder(t);
  const reference = await run({ ...small, out: join(folder, "reference"), profile: "reference", objective: "natural" });
  const epochs = reference.lines.filter(({ type }) => type === "train.epoch");
  assert.deepEqual(
    epochs.map(({ selection }) => selection),
    Array(2).fill({ split: "test", samples: 20, rule: "test-clean" }),
  );
  const best = await readNetworkFile(join(folder, "reference", "best.safetensors"));
  assert.ok(
    [1, 7].includes(best.checkpoint.step ?? 0),
    "60 images make 6 steps; the best is of the first or the seventh",
  );
  const last = await run({ ...small, out: join(folder, "last"), select: "last", objective: "natural" });
  assert.deepEqual(
    last.lines.filter(({ type }) => type === "checkpoint").map(({ role }) => role),
    ["final"],
  );
  assert.ok(!existsSync(join(folder, "last", "best.safetensors")));
});

test("--steps ends early and is done; the schedule stays that of all epochs", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines, code } = await run({ ...small, out, steps: 8, logEvery: 1 });
  assert.equal(code, 0);
  const steps = lines.filter(({ type }) => type === "train.step");
  assert.deepEqual(
    steps.map(({ learningRate }) => learningRate),
    [...Array(7).fill(0.1), 0.01],
  );
  const [, part] = lines.filter(({ type }) => type === "train.epoch");
  assert.equal(part?.step, 8);
  assert.equal(part?.epoch, 2);
  assert.equal(typeof part?.cleanAccuracy, "number");
});

test("a run that is done is repeated by --resume", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const first = await run({ ...small, out });
  const again = await run({ ...small, out, resume: true });
  assert.equal(again.code, 0);
  assert.deepEqual(again.lines, first.lines);
});

test("time that is up interrupts with 130 and a state to resume from", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const stopped = await run({ ...small, out, maxMinutes: 1e-9 });
  assert.equal(stopped.code, 130);
  assert.equal(stopped.lines.at(-1)?.status, "interrupted");
  assert.equal((await run({ ...small, out, resume: true })).code, 0);
});

test("a folder with a run is refused, and made anew with --force", async (t) => {
  const out = join(temporaryFolder(t), "run");
  await run({ ...small, out, steps: 1 });
  await assert.rejects(run({ ...small, out }), /holds a run .*--resume goes on with it, --force makes it anew/);
  assert.equal((await run({ ...small, out, steps: 1, force: true })).code, 0);
});

test("resuming refuses a changed option by name, a folder without a run, and other images", async (t) => {
  const out = join(temporaryFolder(t), "run");
  await run({ ...small, out, maxMinutes: 1e-9 });
  await assert.rejects(run({ ...small, out, resume: true, epochs: 3 }), /epochs is 3, .* was started with 2/);
  await assert.rejects(run({ ...small, out: `${out}-none`, resume: true }), /holds nothing of a run/);
  await assert.rejects(run({ ...small, resume: true, data: "./nowhere" }), /--resume needs --out DIR/);
  assert.equal((await run({ ...small, out, resume: true, threads: 1, logEvery: 3 })).code, 0);
});

test("a loss that is not finite ends the run with the step, the layer and the last good state kept", async (t) => {
  const out = join(temporaryFolder(t), "run");
  await assert.rejects(
    run({ ...small, out, learningRate: 1e30 }),
    /the loss is (NaN|Infinity) at step \d+, .*layer.*the state from before is kept.*it cannot go on at this learning rate: start a new one with a lower --learning-rate/,
  );
  const lines = readFileSync(join(out, "records.ndjson"), "utf8").trim().split("\n");
  assert.match(lines.at(-1) ?? "", /"status":"failed"/);
  const notice: unknown = JSON.parse(lines.at(-2) ?? "");
  const { code, step, layer, value } = Object(notice);
  assert.equal(code, "loss-not-finite");
  assert.ok(step >= 1 && (layer === null || typeof layer === "string"));
  assert.match(String(value), /NaN|Infinity/);
  assert.ok(existsSync(join(out, "state.safetensors")));
});

test("each epoch tells the best so far, one step against many, and what the weights look like", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines, notes } = await run({ ...small, out, epochs: 3, objective: "at" });
  const epochs = lines.filter(({ type }) => type === "train.epoch").map((line) => recordSchema.parse(line));
  let best = -1;
  for (const record of epochs) {
    assert.ok(record.type === "train.epoch" && "layers" in record);
    const { robustAccuracy, oneStepAccuracy, cleanAccuracy } = Object(record);
    best = Math.max(best, robustAccuracy);
    assert.equal(Object(record).best.robustAccuracy, best);
    assert.equal(Object(record).robustOverfitting, best - robustAccuracy);
    assert.equal(Object(record).catastrophicOverfitting, oneStepAccuracy - robustAccuracy);
    assert.ok(oneStepAccuracy <= cleanAccuracy);
    for (const { connections, effective, largest, median } of Object(record).layers)
      assert.ok(effective <= connections && median <= largest && largest > 0);
  }
  assert.match(notes[2] ?? "", /^epoch 3: loss \d.*, clean .* %, robust .* %, best .* % at epoch \d, one step .* %/);
});

test("a start above the budget is told, and so is the step at which the budget is reached", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const flags = { ...small, out, density: 0.02, initExcess: "keep", set: ["layers.dense4.density=0.05"] };
  const { lines } = await run({ ...flags, learningRate: 0.5, epochs: 12, objective: "natural" });
  const codes = lines.filter(({ type }) => type === "notice").map(({ code }) => code);
  assert.equal(codes[0], "over-budget");
  const epochs = lines.filter(({ type }) => type === "train.epoch");
  const isReached = (epochs.at(-1)?.connections ?? 0) === 219;
  assert.deepEqual(codes.slice(1), isReached ? ["budget-reached"] : []);
});

test("density is given once, and not for a dense network", async () => {
  await assert.rejects(run({ ...small, sparsity: 0.9 }), /exclude each other/);
  await assert.rejects(run({ ...small, mode: "dense" }), /exclude each other/);
  await assert.rejects(run({ ...small, set: ["layers.conv9.density=0.5"] }), /layers.conv9: tinycnn has no such layer/);
  await assert.rejects(run({ ...small, batchSize: 500 }), /--batch-size 500 is more than the 54 training images/);
});

test("--dry-run says what would be done and writes nothing", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines, notes, code } = await run({ ...small, out, dryRun: true });
  assert.equal(code, 0);
  assert.equal(lines.length, 0);
  assert.match(notes.join("\n"), /1095 of 10952 weights[\s\S]*12, 6 an epoch[\s\S]*one measured step: [\d.]+ s/);
  assert.ok(!existsSync(out));
});

async function run(flags: Readonly<Record<string, unknown>>, interrupted?: () => Signal | null) {
  const { options, context, lines, notes } = await callOf(sparseTrain, { threads: 2, ...flags }, interrupted);
  const code = await sparseTrain.run(options, context);
  return { code, lines: lines(), notes };
}

function bytesOf(folder: string, name: string): Buffer {
  return readFileSync(join(folder, `${name}.safetensors`));
}

/** What two runs of the same bits have in common. */
function withoutTimes(record: Readonly<Record<string, unknown>>) {
  const { run, time, seconds, imagesPerSecond, memoryBytes, path, config, ...rest } = record;
  return rest;
}
