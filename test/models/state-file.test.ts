import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/core/errors.js";
import { writeSafetensors } from "../../src/formats/safetensors-write.js";
import { readStateFile, writeStateFile } from "../../src/models/state-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("arrays of all four types, with values that are not finite, and the text come back as they were", async (context) => {
  const path = join(temporaryFolder(context), "state");
  const arrays = fc.record({
    "fc.weight": fc.float32Array(),
    index: fc.uint32Array(),
    labels: fc.int32Array(),
    flags: fc.uint8Array(),
  });
  await fc.assert(
    fc.asyncProperty(arrays, fc.jsonValue(), async (given, text) => {
      const state = { arrays: new Map(Object.entries(given)), text };
      await writeStateFile(path, state);
      const bytes = readFileSync(path);
      const read = await readStateFile(path);
      for (const [name, values] of state.arrays) assert.deepEqual(read.arrays.get(name), values, name);
      assert.equal(read.arrays.size, 4);
      assert.equal(JSON.stringify(read.text), JSON.stringify(text));
      await writeStateFile(path, read);
      assert.ok(readFileSync(path).equals(bytes));
    }),
    { numRuns: 30 },
  );
});

test("a checkpoint, an unknown type and a damaged file are no state", async (context) => {
  const path = join(temporaryFolder(context), "state");
  await writeSafetensors(path, { metadata: new Map([["format", "sparse-robust/1"]]), tensors: new Map() });
  await assert.rejects(
    readStateFile(path),
    new InputError(`${path}: no saved state: its format is "sparse-robust/1"; "sparse-robust-state/1" would be right`),
  );
  await writeStateFile(path, { arrays: new Map([["a", Float32Array.of(1)]]), text: {} });
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = 0;
  writeFileSync(path, bytes);
  await assert.rejects(readStateFile(path), /: damaged: /);
});
