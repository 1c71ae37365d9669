import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ResourceError } from "../../src/core/errors.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { lookAtRunDirectory, openRecords, RecordsFile } from "../../src/training/run-directory.js";
import { type RunArrays, type RunStateText, readRunState, writeRunState } from "../../src/training/run-state.js";
import { initialState } from "../../src/training/trainer-state.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { perceptron } from "../support/toy-training.js";

const shape = { graph: perceptron([2]), input: [1, 1, 3], classes: 2 } as const satisfies Omit<Network, "tensors">;
const tensors = new Map<string, Tensor>([
  [
    "fc1.weight",
    { type: "connections", shape: [2, 3], index: Uint32Array.of(1, 5), values: Float32Array.of(0.5, -0.25) },
  ],
  ["fc1.bias", { type: "dense", shape: [2], values: Float32Array.of(1, 2) }],
]);
const arrays: RunArrays = {
  tensors,
  engine: new Map([["fc1.weight.dead.index", { type: "u32", values: Uint32Array.of(3) }]]),
  update: new Map([["fc1.score", { type: "f32", values: Float32Array.of(7, 8) }]]),
};
const text: RunStateText = {
  ...{ command: "sparse-train", run: "r", config: { epochs: 2 }, data: "d", recordsBytes: 4, isDone: false },
  ...{ trainer: initialState("train"), extra: { best: null } },
};

test("a saved run is read as it was written", async (t) => {
  const path = join(temporaryFolder(t), "state.safetensors");
  await writeRunState(path, text, arrays);
  const state = await readRunState(path);
  assert.deepEqual(state.text, text);
  assert.deepEqual(state.network(shape), { ...shape, tensors });
  assert.deepEqual(state.engine, arrays.engine);
  assert.deepEqual(state.update, arrays.update);
});

test("a saved network that is not the graph's is refused with file and tensor", async (t) => {
  const path = join(temporaryFolder(t), "state.safetensors");
  await writeRunState(path, text, arrays);
  const state = await readRunState(path);
  const wider = { ...shape, graph: perceptron([4]), classes: 4 };
  assert.throws(
    () => state.network(wider),
    /state\.safetensors: tensor "fc1\.bias": has the shape \[2\]; the graph needs \[4\]/,
  );
});

test("a state file of something else is refused", async (t) => {
  const path = join(temporaryFolder(t), "state.safetensors");
  await writeRunState(path, { ...text, recordsBytes: -1 }, null);
  await assert.rejects(readRunState(path), /malformed state: recordsBytes/);
});

test("a folder that is empty, missing or full of other things takes a new run", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "notes.txt"), "mine");
  for (const path of [folder, join(folder, "new", "run")]) {
    const directory = await lookAtRunDirectory({ path, resume: false, force: false });
    const records = await openRecords(directory);
    records.append({ type: "a" });
    records.close();
    assert.equal(readFileSync(join(path, "records.ndjson"), "utf8"), '{"type":"a"}\n');
  }
  assert.equal(readFileSync(join(folder, "notes.txt"), "utf8"), "mine");
});

test("force removes an earlier run and nothing else", async (t) => {
  const folder = await runFolder(t);
  writeFileSync(join(folder, "notes.txt"), "mine");
  const records = await openRecords(await lookAtRunDirectory({ path: folder, resume: false, force: true }));
  records.close();
  assert.ok(!existsSync(join(folder, "state.safetensors")));
  assert.equal(readFileSync(join(folder, "records.ndjson"), "utf8"), "");
  assert.ok(existsSync(join(folder, "notes.txt")));
});

test("resuming cuts the records behind the state, also a line that was half written", async (t) => {
  const folder = await runFolder(t);
  appendFileSync(join(folder, "records.ndjson"), '{"type":"run.e');
  const directory = await lookAtRunDirectory({ path: folder, resume: true, force: false });
  assert.equal(String(directory.resumed?.records), "{ }\n");
  const records = await openRecords(directory);
  records.append({});
  assert.equal(records.bytes, 7);
  records.close();
  assert.equal(readFileSync(join(folder, "records.ndjson"), "utf8"), "{ }\n{}\n");
});

test("records shorter than the state says are refused", async (t) => {
  const folder = await runFolder(t);
  truncateSync(join(folder, "records.ndjson"), 2);
  const looking = lookAtRunDirectory({ path: folder, resume: true, force: false });
  await assert.rejects(looking, /records\.ndjson: has 2 bytes; the saved state was written behind 4/);
});

test("a state that was cut is refused with what to do about it", async (t) => {
  const folder = await runFolder(t);
  truncateSync(join(folder, "state.safetensors"), 100);
  await assert.rejects(
    lookAtRunDirectory({ path: folder, resume: true, force: false }),
    /state\.safetensors: .*\(is it cut\?\); the run in .* cannot go on from it; .* make the run anew with --force/,
  );
});

test("a full disk is said once, with the file", { skip: existsSync("/dev/full") ? false : "no /dev/full" }, () => {
  const records = new RecordsFile("/dev/full", 0);
  assert.throws(
    () => records.append({}),
    (error) => error instanceof ResourceError && /\/dev\/full: no space left/.test(error.message),
  );
  records.close();
});

/** A run that stopped behind its first four bytes of records. */
async function runFolder(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  await writeRunState(join(folder, "state.safetensors"), text, arrays);
  writeFileSync(join(folder, "records.ndjson"), "{ }\n");
  return folder;
}
