import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { nativeEngine } from "../../src/engines/native.js";
import { batchOf, networkOf, type Recipe } from "../support/random-network.js";

/** Blocks enough for three threads. */
const recipe: Recipe = {
  input: [5, 4, 2],
  classes: 3,
  batch: 70,
  seed: 7,
  layers: [
    [0, 3, 1, 0],
    [12, 0, 0, 0],
  ],
};
const { images } = batchOf(recipe);
const native = nativeEngine({ reason: "tests", threads: 2 });

const program = (rest: string) => `
  import { nativeEngine } from ${JSON.stringify(new URL("../../src/engines/native.js", import.meta.url).href)};
  import { batchOf, networkOf } from ${JSON.stringify(new URL("../support/random-network.js", import.meta.url).href)};
  const recipe = ${JSON.stringify(recipe)};
  const inference = nativeEngine({ reason: "tests", threads: 3 }).infer(networkOf(recipe));
  inference.logits(batchOf(recipe).images);
  ${rest}`;

for (const [ending, code] of [
  ["process.exit(5);", 5],
  ["", 0],
  ["process.on('exit', () => inference.dispose()); setTimeout(() => process.exit(7), 1);", 7],
] as const) {
  test(`a process that ends by ${ending || "running out of work"} ends with its own exit code`, () => {
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", program(ending)], { encoding: "utf8" });
    assert.deepEqual([run.status, run.signal, run.stderr], [code, null, ""]);
  });
}

test("workers that load the engine come and go, and the main thread's engine goes on", async () => {
  const url = new URL(
    `data:text/javascript,${encodeURIComponent(program("inference.logits(batchOf(recipe).images);"))}`,
  );
  const before = native.infer(networkOf(recipe)).logits(images);
  for (let i = 0; i < 3; i++) {
    const workers = [new Worker(url), new Worker(url)];
    const codes = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
    assert.deepEqual(codes, [0, 0]);
  }
  const stopped = new Worker(url);
  await stopped.terminate();
  assert.deepEqual(native.infer(networkOf(recipe)).logits(images), before);
});
