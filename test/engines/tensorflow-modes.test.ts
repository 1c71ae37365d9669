/** Every way to train on the tensorflow engine: the losses of the native one from the same start, and connections within the budget. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { stream } from "../../src/core/rng.js";
import { recordSchema } from "../../src/records/events.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { tensorflowSkip as skip } from "../support/tensorflow-engine.js";

type Flags = Readonly<Record<string, unknown>>;

/** 54 of 60 images train, 6 steps an epoch; exchanges and reconnections happen. */
const small = {
  ...{ data: "sample", trainSamples: 60, testSamples: 20, model: "tinycnn", density: 0.2, batchSize: 9, threads: 2 },
  ...{ attackSteps: 2, epochs: 1, learningRate: 0.02, exchangeEvery: 2, logEvery: 1 },
};
const { density, ...whole } = small;

const modes: readonly (readonly [name: string, flags: Flags])[] = [
  ["bayes", { ...small, objective: "at" }],
  ["bayes with much noise, split by free places", { ...small, noiseScaling: 0.01, split: "free", resetMomentum: true }],
  ["bayes with Langevin's noise, split by targets", { ...small, noiseMode: "langevin", split: "target" }],
  ["bayes, reference profile", { ...small, profile: "reference" }],
  ["fixed", { ...small, mode: "fixed", objective: "natural" }],
  ["fixed with mortal connections", { ...small, mode: "fixed", staticReparam: true }],
  ["random", { ...small, mode: "random" }],
  ["dense", { ...whole, mode: "dense" }],
  ["deep rewiring", { ...small, mode: "deep-rewiring" }],
  ["set", { ...small, mode: "set" }],
  ["rigl", { ...small, mode: "rigl" }],
  ["flying-bird", { ...small, mode: "flying-bird" }],
  ["flying-bird by gradients", { ...small, mode: "flying-bird", grow: "gradient" }],
  ["flying-bird-plus", { ...small, mode: "flying-bird-plus" }],
  ["a moving average and a cosine", { ...small, ema: 0.9, schedule: "cosine" }],
  ["a residual network", { ...small, model: "wrn10_1", width: 0.25 }],
];

for (const [name, flags] of modes) {
  test(`${name}: the losses of each step are those of the native engine`, { skip }, async (context) => {
    await assertSameTraining(context, flags);
  });
}

for (const objective of ["natural", "at", "mat", "trades", "mart", "rst"]) {
  test(`${objective}: the losses of each step are those of the native engine`, { skip }, async (context) => {
    const own = objective === "rst" ? { rstData: pseudoLabelled(context), batchSize: 12 } : {};
    await assertSameTraining(context, { ...small, objective, ...own });
  });
}

/** Six steps; later rounding decides which connection dies. */
async function assertSameTraining(context: TestContext, flags: Flags): Promise<void> {
  const folder = temporaryFolder(context);
  const [ours, theirs] = [
    await trained({ ...flags, engine: "tensorflow", out: join(folder, "ours") }),
    await trained({ ...flags, engine: "native", out: join(folder, "theirs") }),
  ];
  const [found, expected] = [ours, theirs].map(({ lines }) => lines.filter(({ type }) => type === "train.step"));
  assert.ok(found !== undefined && found.length >= 2 && found.length === expected?.length);
  for (const [step, { loss }] of found.entries()) {
    const other = Number(expected?.[step]?.loss);
    assert.ok(Math.abs(Number(loss) - other) <= 1e-2 * Math.max(1, other), `step ${step}: ${loss} and ${other}`);
  }
  const kept = [ours, theirs].map(({ lines }) => lines.find(({ role }) => role === "final")?.connections);
  const allowed = 0.002 * Number(kept[1]);
  assert.ok(Math.abs(Number(kept[0]) - Number(kept[1])) <= allowed, `${kept} connections`);
}

async function trained(flags: Flags, patience = Number.POSITIVE_INFINITY) {
  let asked = 0;
  const interrupted = () => (++asked > patience ? ("SIGTERM" as const) : null);
  const { options, context, lines, notes } = await callOf(sparseTrain, flags, interrupted);
  const code = await sparseTrain.run(options, context);
  if (patience === Number.POSITIVE_INFINITY) assert.equal(code, 0);
  for (const line of lines()) recordSchema.parse(line);
  return { code, lines: lines(), notes };
}

/** A folder of 13 images of noise with labels. */
function pseudoLabelled(context: TestContext): string {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "train"), { recursive: true });
  const draws = stream(1, "order", 9);
  const bytes = Uint8Array.from({ length: 13 * 32 * 32 }, () => draws.integer(256));
  writeFileSync(join(folder, "train", "images.npy"), npyFile({ shape: [13, 32, 32, 1], bytes }));
  const labels = Uint8Array.from({ length: 13 }, (_, i) => i % 10);
  writeFileSync(join(folder, "train", "labels.npy"), npyFile({ shape: [13], bytes: labels }));
  return folder;
}

for (const mode of ["bayes", "rigl"]) {
  test(`a ${mode} run that is stopped again and again ends in the bytes of one that is not`, {
    skip,
  }, async (context) => {
    const folder = temporaryFolder(context);
    const flags = { ...small, mode, objective: "trades", engine: "tensorflow", checkpointEvery: "0s" };
    await trained({ ...flags, out: join(folder, "whole") });
    let sessions = 0;
    for (let code = 143; code !== 0; sessions++) {
      assert.ok(sessions < 50);
      ({ code } = await trained({ ...flags, out: join(folder, "parts"), resume: sessions > 0 }, 6 + sessions));
    }
    assert.ok(sessions > 2, `${sessions} sessions`);
    const bytes = (name: string) => readFileSync(join(folder, name, "final.safetensors"));
    assert.ok(bytes("parts").equals(bytes("whole")));
  });
}

test("a run begun on one engine goes on on the other", { skip }, async (context) => {
  const out = join(temporaryFolder(context), "run");
  const flags = { ...small, mode: "bayes", checkpointEvery: "0s", out };
  const { code } = await trained({ ...flags, engine: "native" }, 8);
  assert.equal(code, 143);
  const { lines } = await trained({ ...flags, engine: "tensorflow", resume: true });
  assert.ok(lines.some(({ role }) => role === "final"));
});
