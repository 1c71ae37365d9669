/** What one stage hands to the next, and what it trains on. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Signal } from "../../src/commands/command.js";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { stream } from "../../src/core/rng.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { masksOf } from "../../src/pruning/masked-network.js";
import { recordSchema } from "../../src/records/events.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const small = {
  ...{ data: "sample", trainSamples: 60, testSamples: 20, model: "tinycnn", connections: 1095, batchSize: 8 },
  ...{ attackSteps: 1, pretrainEpochs: 2, pruneEpochs: 1, finetuneEpochs: 1, checkpointEvery: "0s" },
};

type Flags = Readonly<Record<string, unknown>>;

async function run(flags: Flags, interrupted?: () => Signal | null) {
  const call = await callOf(pruneHydra, flags, interrupted);
  const code = await pruneHydra.run(call.options, call.context);
  const lines: readonly Flags[] = call.lines();
  for (const line of lines) recordSchema.parse(line);
  return { code, lines, epochs: lines.filter(({ type }) => type === "train.epoch") };
}

const file = (folder: string, name: string) => readNetworkFile(join(folder, `${name}.safetensors`));

test("from the best, a stage begins with the network that its predecessor judged best, interrupted or not", async (t) => {
  const folder = temporaryFolder(t);
  // At this rate the second epoch loses what the first has learned.
  const flags = { ...small, from: "best", select: "val-clean", learningRate: 1, pretrainEpochs: 4, method: "lwm" };
  const { epochs } = await run({ ...flags, out: join(folder, "whole") });
  const accuracies = epochs.slice(0, 4).map(({ cleanAccuracy }) => Number(cleanAccuracy));
  const best = accuracies.indexOf(Math.max(...accuracies)) + 1;
  const pretrain = await file(join(folder, "whole"), "pretrain");
  assert.equal(pretrain.checkpoint.epoch, best);
  assert.deepEqual(pretrain.network, (await file(join(folder, "whole"), "pretrain-best")).network);
  assert.equal(pretrain.checkpoint.imageSteps, 4 * 54, "it has cost the whole stage");
  const last = await run({ ...flags, from: "last", out: join(folder, "last") });
  assert.equal(last.code, 0);
  assert.equal((await file(join(folder, "last"), "pretrain")).checkpoint.epoch, 4);
  let calls = 0;
  let code = 143;
  for (let sessions = 0; code !== 0; sessions++) {
    assert.ok(sessions < 100);
    const until = calls + 20;
    const again = { ...flags, out: join(folder, "broken"), resume: sessions > 0 };
    code = (await run(again, () => (++calls > until ? "SIGTERM" : null))).code;
  }
  for (const name of ["pretrain", "prune", "final"])
    assert.deepEqual(
      readFileSync(join(folder, "broken", `${name}.safetensors`)),
      readFileSync(join(folder, "whole", `${name}.safetensors`)),
    );
  await assert.rejects(run({ ...flags, select: "last", out: join(folder, "none") }), /--from best: --select last/);
  assert.ok(!existsSync(join(folder, "none")));
});

test("a network is pruned with the objective that it was trained with, unless another is asked for", async (t) => {
  const folder = temporaryFolder(t);
  const method = { method: "lwm", finetuneEpochs: 1 };
  await run({ ...small, ...method, stage: "pretrain", objective: "natural", out: join(folder, "dense") });
  const dense = join(folder, "dense", "pretrain.safetensors");
  const pruned = async (name: string, flags: Flags) => {
    const { data, model: _, ...rest } = small;
    const call = await callOf(pruneHydra, { ...rest, ...method, ...flags, data, out: join(folder, name) });
    const code = await pruneHydra.run(call.options, { ...call.context, positionals: [dense] });
    assert.equal(code, 0);
    const [start] = call.lines();
    const { checkpoint } = await file(join(folder, name), "final");
    return { start, checkpoint, notes: call.notes };
  };
  const taken = await pruned("taken", {});
  assert.equal(taken.checkpoint.objective, "natural");
  assert.equal(taken.checkpoint.config?.objective, "natural");
  assert.match(JSON.stringify(taken.start?.config), /"objective":"natural"/);
  const asked = await pruned("asked", { objective: "at" });
  assert.equal(asked.checkpoint.objective, "at");
  assert.equal(asked.checkpoint.config?.objective, "at");
});

test("robust self-training in every stage: pseudo-labelled images beside the labelled ones, as many in a batch", async (t) => {
  const folder = temporaryFolder(t);
  const rstData = pseudoLabelled(join(folder, "images"));
  const { batchSize, ...rest } = small;
  const { code, epochs, lines } = await run({ ...rest, objective: "rst", rstData, out: join(folder, "run") });
  assert.equal(code, 0);
  assert.deepEqual(
    epochs.map(({ phase, step }) => [phase, step]),
    [
      ["pretrain", 1],
      ["pretrain", 2],
      ["prune", 1],
      ["finetune", 1],
    ],
  );
  const final = lines.findLast(({ type }) => type === "checkpoint");
  // 54 labelled images in a batch of 256, of which the rest would be pseudo-labelled; there are 40.
  assert.deepEqual([final?.objective, final?.imageSteps], ["rst", 4 * (54 + 40)]);
  const other = await run({
    ...rest,
    objective: "rst",
    rstData,
    rstFrac: 0.25,
    batchSize: 16,
    out: join(folder, "other"),
  });
  assert.equal(other.epochs[0]?.step, 5, "12 labelled images a step");
  await assert.rejects(
    run({ ...small, objective: "rst", out: join(folder, "no") }),
    /missing; name their file with --rst-data/,
  );
});

test("without pre-training and mask learning SNIP's scores make a static sparse net from scratch", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const { lines, epochs } = await run({
    ...small,
    pretrainEpochs: 0,
    pruneEpochs: 0,
    scoreInit: "snip",
    scaleWeights: true,
    out,
  });
  assert.deepEqual(
    epochs.map(({ phase }) => phase),
    ["finetune"],
  );
  const [first, second] = [await file(out, "pretrain"), await file(out, "prune")];
  assert.equal(masksOf(first.network).size, 0);
  assert.equal(second.checkpoint.connections, 1095);
  assert.equal(lines.findLast(({ type }) => type === "checkpoint")?.imageSteps, 54);
});

test("statistics that are estimated again after pruning at once count as image-steps, and change no weight", async (t) => {
  const folder = temporaryFolder(t);
  const flags = { ...small, method: "lwm", finetuneEpochs: 1 };
  await run({ ...flags, out: join(folder, "plain") });
  await run({ ...flags, bnReestimate: 9, out: join(folder, "again") });
  const [plain, again] = await Promise.all(["plain", "again"].map((name) => file(join(folder, name), "prune")));
  assert.deepEqual(again?.network.tensors.get("conv1.weight"), plain?.network.tensors.get("conv1.weight"));
  assert.notDeepEqual(again?.network.tensors.get("bn1.running_mean"), plain?.network.tensors.get("bn1.running_mean"));
  // A pass of 54 images in seven batches, and two whole batches of the next.
  assert.equal(again?.checkpoint.imageSteps, (plain?.checkpoint.imageSteps ?? 0) + 54 + 16);
});

test("the prune stage tells how far the largest weight of each layer stands out, by which scaled scores are small", async (t) => {
  const { epochs } = await run({ ...small, out: join(temporaryFolder(t), "run") });
  const [pretrain, , prune] = epochs;
  assert.equal(pretrain?.outlierRatios, undefined);
  const ratios = Array.isArray(prune?.outlierRatios) ? prune.outlierRatios : [];
  assert.equal(ratios.length, 4);
  assert.ok(ratios.every((ratio) => ratio > 1 && ratio < 100));
  assert.equal(typeof prune?.maskDistance, "number");
});

/** 40 images of three channels of 32 by 32. */
function pseudoLabelled(folder: string): string {
  mkdirSync(join(folder, "train"), { recursive: true });
  const draws = stream(1, "order", 5);
  const bytes = Uint8Array.from({ length: 40 * 32 * 32 }, () => draws.integer(256));
  writeFileSync(join(folder, "train", "images.npy"), npyFile({ shape: [40, 32, 32, 1], bytes }));
  const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10);
  writeFileSync(join(folder, "train", "labels.npy"), npyFile({ shape: [40], bytes: labels }));
  return folder;
}
