import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/core/errors.js";
import { formatRecord, type RecordLine, readRecords } from "../../src/formats/ndjson.js";

interface Read {
  readonly lines: RecordLine[];
  readonly cut: number[];
}

async function read(chunks: Iterable<Uint8Array | string>): Promise<Read> {
  const lines: RecordLine[] = [];
  const cut: number[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const line of readRecords(stream, "runs/a.ndjson", (number) => cut.push(number))) lines.push(line);
  return { lines, cut };
}

test("each line is a record with its text and its number", async () => {
  const { lines, cut } = await read(['{"type":"a"}\n{"type": "b"}\n']);
  assert.deepEqual(lines, [
    { type: "record", text: '{"type":"a"}', record: { type: "a" }, line: 1 },
    { type: "record", text: '{"type": "b"}', record: { type: "b" }, line: 2 },
  ]);
  assert.deepEqual(cut, []);
});

test("numbers that JSON lacks are written as their names, at any depth", () => {
  const record = { a: Number.NaN, b: [Number.POSITIVE_INFINITY, { c: Number.NEGATIVE_INFINITY }], d: 0.1, e: null };
  assert.equal(formatRecord(record), '{"a":"NaN","b":["Infinity",{"c":"-Infinity"}],"d":0.1,"e":null}\n');
});

test("records come back as they were, however the bytes are cut into chunks", async () => {
  const records = fc.array(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: 1, max: 9 }), async (written, size) => {
      const bytes = Buffer.from(written.map(formatRecord).join(""));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const { lines, cut } = await read(chunks);
      assert.equal(lines.map(({ text }) => `${text}\n`).join(""), bytes.toString());
      assert.deepEqual(
        lines.map(({ record }) => JSON.stringify(record)),
        written.map((record) => JSON.stringify(record)),
      );
      assert.deepEqual(cut, []);
    }),
  );
});

test("a cut last line is dropped and its number told, wherever it was cut", async () => {
  const line = '{"type":"ä","n":[1,2]}';
  const bytes = Buffer.from(`${line}\n${line}\n`);
  const first = Buffer.byteLength(line) + 1;
  for (let end = first + 1; end < bytes.length - 1; end++) {
    const { lines, cut } = await read([bytes.subarray(0, end)]);
    assert.equal(lines.length, 1);
    assert.deepEqual(cut, [2], `cut at ${end}`);
  }
});

test("a last line that lacks only its end is whole: no part of an object is one", async () => {
  const { lines, cut } = await read(['{"type":"a"}\n{"type":"b"}']);
  assert.deepEqual([lines.length, cut.length], [2, 0]);
});

test("blank lines are skipped and counted", async () => {
  const { lines } = await read(['\n{"type":"a"}\r\n  \n{"type":"b"}\n\n']);
  assert.deepEqual(
    lines.map(({ line }) => line),
    [2, 4],
  );
});

test("a malformed line that is not the last one's cut is an error with file, line and reason", async () => {
  const wrong = async (text: string | Uint8Array, pattern: RegExp) => {
    await assert.rejects(read([text]), (error) => error instanceof InputError && pattern.test(error.message));
  };
  await wrong('{"type":"a"}\n{"type":\n{"type":"c"}\n', /^runs\/a\.ndjson:2: not a line of JSON \(.+\)$/);
  await wrong('{"type":"a"}\nhello\n', /^runs\/a\.ndjson:2: not a line of JSON/);
  await wrong("[1]\n", /^runs\/a\.ndjson:1: a record is a JSON object, this line is not$/);
  await wrong("null\n", /^runs\/a\.ndjson:1: a record is a JSON object/);
  await wrong(Uint8Array.of(0x7b, 0xff, 0x7d, 0x0a), /^runs\/a\.ndjson:1: not a line of JSON/);
});

test("the lines before a malformed one are given", async () => {
  const seen: number[] = [];
  const stream = (async function* () {
    yield '{"type":"a"}\n{"type":"b"}\nx\n';
  })();
  await assert.rejects(async () => {
    for await (const { line } of readRecords(stream, "stdin", () => undefined)) seen.push(line);
  }, /^InputError: stdin:3: /);
  assert.deepEqual(seen, [1, 2]);
});

test("a checkpoint among record files is called one", async () => {
  const start = Buffer.concat([Buffer.from([200, 1, 0, 0, 0, 0, 0, 0]), Buffer.from('{"__metadata__":{}}')]);
  await assert.rejects(async () => {
    for await (const _ of readRecords(Readable.from([start]), "best.safetensors", () => {}));
  }, /best.safetensors: is a checkpoint, no records; attack-eval attacks it/);
});
