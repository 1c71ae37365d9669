import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/core/errors.js";
import { readSafetensors, type StoredArray } from "../../src/formats/safetensors.js";
import { formatSafetensors, writeSafetensors } from "../../src/formats/safetensors-write.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A file by the format's description, with any header. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, data]);
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

async function refused(context: TestContext, bytes: Uint8Array, pattern: RegExp): Promise<void> {
  const path = join(temporaryFolder(context), "a.safetensors");
  writeFileSync(path, bytes);
  await assert.rejects(readSafetensors(path), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    assert.match(error.message, pattern);
    return true;
  });
}

test("a file by the format's description is read, its header padded or not, its data aligned or not", async (context) => {
  const path = join(temporaryFolder(context), "a.safetensors");
  const data = Buffer.concat([Buffer.from([5]), Buffer.from(Float32Array.of(1.5, -2).buffer), Buffer.from([1, 2])]);
  const header = {
    w: f32(1, 9, [2, 1]),
    __metadata__: { note: "x" },
    b: { dtype: "U8", shape: [], data_offsets: [0, 1] },
    h: { dtype: "BF16", shape: [1], data_offsets: [9, 11] },
    none: { dtype: "F32", shape: [0, 7], data_offsets: [11, 11] },
  };
  for (const text of [JSON.stringify(header), `${JSON.stringify(header)}     `]) {
    const bytes = fileOf(text, data);
    writeFileSync(path, bytes);
    const file = await readSafetensors(path);
    assert.deepEqual([...file.metadata], [["note", "x"]]);
    assert.deepEqual(file.tensors.get("w"), { dtype: "F32", shape: [2, 1], values: Float32Array.of(1.5, -2) });
    assert.deepEqual(file.tensors.get("b"), { dtype: "U8", shape: [], values: Uint8Array.of(5) });
    assert.deepEqual(file.tensors.get("h"), { dtype: "BF16", shape: [1], values: null });
    assert.deepEqual(file.tensors.get("none"), { dtype: "F32", shape: [0, 7], values: new Float32Array(0) });
    assert.equal(file.sha256, createHash("sha256").update(bytes).digest("hex"));
    assert.equal(file.bytes, bytes.length);
  }
});

const arrays: fc.Arbitrary<StoredArray> = fc.oneof(
  fc.float32Array({ maxLength: 9 }),
  fc.uint32Array({ maxLength: 9 }),
  fc.int32Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }),
);
const names = fc.string({ unit: "grapheme" }).filter((name) => !name.startsWith("__"));

test("what is written is read back, and does not depend on the order it was given in", async (context) => {
  const path = join(temporaryFolder(context), "a.safetensors");
  const content = fc.tuple(
    fc.uniqueArray(fc.tuple(names, arrays), { selector: ([name]) => name, maxLength: 5 }),
    fc.dictionary(names, fc.string()),
  );
  await fc.assert(
    fc.asyncProperty(content, async ([given, notes]) => {
      const tensors = given.map(([name, values]) => [name, { shape: [values.length], values }] as const);
      const metadata = new Map(Object.entries(notes));
      const { sha256, bytes } = await writeSafetensors(path, { metadata, tensors: new Map(tensors) });
      const file = await readSafetensors(path);
      assert.deepEqual([file.sha256, file.bytes], [sha256, bytes]);
      for (const [name, values] of given) assert.deepEqual(file.tensors.get(name)?.values, values);
      for (const [key, value] of metadata) assert.equal(file.metadata.get(key), value);
      assert.equal(file.tensors.size, given.length);
      const turned = formatSafetensors({
        metadata: new Map([...metadata].reverse()),
        tensors: new Map([...tensors].reverse()),
      });
      assert.ok(readFileSync(path).equals(Buffer.concat(turned)));
    }),
    { numRuns: 50 },
  );
});

test("the data begin at a multiple of 8 bytes, after spaces, and larger entries come first", () => {
  const tensors = new Map([
    ["a", { shape: [3], values: Uint8Array.of(1, 2, 3) }],
    ["c", { shape: [1], values: Float32Array.of(1) }],
    ["b", { shape: [1], values: Uint32Array.of(1) }],
  ]);
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const bytes = Buffer.concat(formatSafetensors({ metadata: new Map([["n", "x".repeat(length)]]), tensors }));
    const end = 8 + Number(bytes.readBigUInt64LE());
    assert.equal(end % 8, 0);
    const header = bytes.subarray(8, end).toString();
    assert.match(header, /\} *$/);
    assert.deepEqual(Object.keys(JSON.parse(header)), ["__metadata__", "b", "c", "a"]);
  }
});

test("any flipped bit and any missing end of a file that we wrote is noticed", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "a.safetensors");
  const tensors = new Map([["w", { shape: [2], values: Float32Array.of(1, 2) }]]);
  await writeSafetensors(path, { metadata: new Map([["note", "ab"]]), tensors });
  const whole = readFileSync(path);
  const key = whole.indexOf('"sparse-robust/sha256"');
  for (let i = 0; i < whole.length; i++) {
    // A flip in the key itself turns it into an unknown one: the rest of the file is then known to be what it was.
    if (i > key && i < key + '"sparse-robust/sha256'.length) continue;
    const flipped = Buffer.from(whole);
    flipped[i] = (flipped[i] ?? 0) ^ (1 << (i % 8));
    writeFileSync(path, flipped);
    await assert.rejects(readSafetensors(path), InputError, `byte ${i}`);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    await assert.rejects(readSafetensors(path), InputError, `${length} bytes`);
  }
});

test("a digest that does not fit says both, and what a program that rewrites files does", async (context) => {
  const bytes = Buffer.concat(
    formatSafetensors({ metadata: new Map(), tensors: new Map([["w", { shape: [1], values: Uint8Array.of(7) }]]) }),
  );
  bytes[bytes.length - 1] = 6;
  await refused(
    context,
    bytes,
    /: damaged: its bytes give the digest [0-9a-f]{64}, .* is [0-9a-f]{64}; .*leaves that key out/,
  );
});

test("a header length beyond the file or the format's limit is refused before anything is read", async (context) => {
  const prefix = (length: bigint) => {
    const bytes = fileOf("{}");
    bytes.writeBigUInt64LE(length);
    return bytes;
  };
  await refused(context, Buffer.alloc(0), /0 bytes; a safetensors file has at least 8/);
  await refused(context, prefix(3n), /header is said to take 3 bytes; the file's size of 10 .* allow 2/);
  await refused(context, prefix(2n ** 64n - 1n), /header is said to take 18446744073709551615 bytes/);
});

test("a header that is no JSON object of strings and tensors is refused", async (context) => {
  await refused(context, fileOf("{"), /the header is not JSON: /);
  await refused(context, fileOf("[]"), /the header is JSON but no object/);
  await refused(context, fileOf({ __metadata__: [] }), /__metadata__ is not an object of strings/);
  await refused(context, fileOf({ __metadata__: { step: 7 } }), /__metadata__ "step" is 7; only strings are allowed/);
  await refused(context, fileOf({ w: 7 }), /tensor "w": its entry in the header is no object/);
  const data = new Uint8Array(4);
  await refused(
    context,
    fileOf({ w: { ...f32(0, 4), dtype: "F31" } }, data),
    /tensor "w": unknown dtype "F31"; known are .*F32/,
  );
  await refused(context, fileOf({ w: { ...f32(0, 4), dtype: "toString" } }, data), /unknown dtype "toString"/);
  await refused(context, fileOf({ w: { ...f32(0, 4), shape: [-1] } }, data), /tensor "w": its shape is \[-1\]/);
  await refused(context, fileOf({ w: { ...f32(0, 4), shape: [0.5] } }, data), /tensor "w": its shape is \[0\.5\]/);
  await refused(context, fileOf({ w: { ...f32(0, 4), shape: 1 } }, data), /tensor "w": its shape is 1/);
  await refused(context, fileOf({ w: { ...f32(0, 4), data_offsets: [0] } }, data), /its data_offsets are \[0\]/);
  await refused(context, fileOf({ w: { ...f32(0, 4), data_offsets: [4, 0] } }, data), /\[4, 0\] hold -4 bytes/);
});

test("offsets must be shape × size, without overlap or gap, from the header to the end of the file", async (context) => {
  const eight = new Uint8Array(8);
  await refused(
    context,
    fileOf({ w: f32(0, 8, [3]) }, eight),
    /tensor "w": .*\[0, 8\] hold 8 bytes; F32 \[3\] takes 12/,
  );
  await refused(context, fileOf({ w: f32(0, 8, [2 ** 31, 2 ** 31]) }, eight), /tensor "w": .* hold 8 bytes/);
  await refused(
    context,
    fileOf({ w: f32(0, 8), x: f32(4, 8) }, eight),
    /tensor "x": overlaps .* begins at byte 4; 8 would be right/,
  );
  await refused(
    context,
    fileOf({ w: f32(4, 8) }, eight),
    /tensor "w": leaves a gap .* begins at byte 4; 0 would be right/,
  );
  await refused(
    context,
    fileOf({ w: f32(0, 12) }, eight),
    /tensor "w": ends at byte 12; the file ends at byte 8 .*cut/,
  );
  await refused(context, fileOf({ w: f32(0, 4) }, eight), /8 bytes of data; its tensors take 4/);
  await refused(context, fileOf({ "w\u001b[31m": f32(4, 8) }, eight), /tensor "w\\u001b\[31m"/);
});

test("a missing file and a folder are named", async (context) => {
  const folder = temporaryFolder(context);
  const missing = join(folder, "none");
  await assert.rejects(readSafetensors(missing), new InputError(`cannot read ${missing}: no such file or folder`));
  await assert.rejects(readSafetensors(folder), InputError);
});
