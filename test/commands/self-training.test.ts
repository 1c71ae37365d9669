/** Robust self-training as a command: a run that is stopped goes on with the same pseudo-labelled images. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Signal } from "../../src/commands/command.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { stream } from "../../src/core/rng.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** 27 labelled images, 4 of them beside 4 of 13 others in a batch: 6 steps an epoch, passes of 4 steps. */
const small = {
  ...{ data: "sample", trainSamples: 30, model: "tinycnn", density: 0.1, batchSize: 8, threads: 1, epochs: 2 },
  ...{ attackSteps: 2, objective: "rst", noiseScaling: 0.3, checkpointEvery: "0s" },
};

test("stopped in the middle of everything and resumed, it ends in the same bytes", async (t) => {
  const folder = temporaryFolder(t);
  const flags = { ...small, rstData: images(join(folder, "images"), 0) };
  const whole = join(folder, "whole");
  assert.equal(await run({ ...flags, out: whole }), 0);
  const broken = join(folder, "broken");
  let code = 143;
  for (let sessions = 0; code === 143; sessions++) {
    let calls = 0;
    assert.ok(sessions < 100);
    code = await run({ ...flags, out: broken, resume: sessions > 0 }, () => (++calls > 29 ? "SIGTERM" : null));
  }
  assert.equal(code, 0);
  const [one, other] = [whole, broken].map((place) => readFileSync(join(place, "final.safetensors")));
  assert.ok(one !== undefined && other !== undefined && one.equals(other));
});

test("it does not go on beside other images", async (t) => {
  const folder = temporaryFolder(t);
  const place = join(folder, "images");
  const flags = { ...small, rstData: images(place, 0), out: join(folder, "run") };
  let calls = 0;
  assert.equal(await run(flags, () => (++calls > 40 ? "SIGINT" : null)), 130);
  images(place, 1);
  await assert.rejects(
    run({ ...flags, resume: true }),
    /the training images are not those that the run in .* was started with/,
  );
});

async function run(flags: Readonly<Record<string, unknown>>, interrupted?: () => Signal | null): Promise<number> {
  const { options, context } = await callOf(sparseTrain, flags, interrupted);
  return sparseTrain.run(options, context);
}

/** A folder of 13 images of noise. */
function images(folder: string, seed: number): string {
  mkdirSync(join(folder, "train"), { recursive: true });
  const draws = stream(seed, "order", 9);
  const bytes = Uint8Array.from({ length: 13 * 32 * 32 }, () => draws.integer(256));
  writeFileSync(join(folder, "train", "images.npy"), npyFile({ shape: [13, 32, 32, 1], bytes }));
  const labels = Uint8Array.from({ length: 13 }, (_, i) => i % 10);
  writeFileSync(join(folder, "train", "labels.npy"), npyFile({ shape: [13], bytes: labels }));
  return folder;
}
