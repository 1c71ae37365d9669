import assert from "node:assert/strict";
import { test } from "node:test";
import { memorySource } from "../../src/formats/byte-source.js";
import { numbersOf } from "../../src/formats/elements.js";
import { pickledArray, readPickledArray } from "../../src/formats/numpy-pickle.js";
import { readPickle } from "../../src/formats/pickle.js";
import { entryOf } from "../../src/formats/pickle-values.js";
import { damaged, requireCalm } from "../support/damage.js";
import { type PickledBytes, PickleWriter, pickleForms } from "../support/pickle-file.js";
import { refused } from "../support/refused.js";

/** {"data": bytes 0, 11, … 253 of shape [2, 2, 2, 3], "extrapolated_targets": [7, 3] of int64}, by NumPy 2.4 in protocols 2, 3, 4 and 5. */
const byNumpy = [
  "gAJ9cQAoWAQAAABkYXRhcQFjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQJjbnVtcHkKbmRhcnJheQpxA0sAhXEEY19jb2RlY3MKZW5jb2RlCnEFWAEAAABicQZYBgAAAGxhdGluMXEHhnEIUnEJh3EKUnELKEsBKEsCSwJLAksDdHEMY251bXB5CmR0eXBlCnENWAIAAAB1MXEOiYiHcQ9ScRAoSwNYAQAAAHxxEU5OTkr/////Sv////9LAHRxEmKJaAVYJAAAAAALFiEsN0JNWGNuecKEwo/CmsKlwrDCu8OGw5HDnMOnw7LDvXETaAeGcRRScRV0cRZiWBQAAABleHRyYXBvbGF0ZWRfdGFyZ2V0c3EXaAJoA0sAhXEYaAmHcRlScRooSwFLAoVxG2gNWAIAAABpOHEciYiHcR1ScR4oSwNYAQAAADxxH05OTkr/////Sv////9LAHRxIGKJaAVYEAAAAAcAAAAAAAAAAwAAAAAAAABxIWgHhnEiUnEjdHEkYnUu",
  "gAN9cQAoWAQAAABkYXRhcQFjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQJjbnVtcHkKbmRhcnJheQpxA0sAhXEEQwFicQWHcQZScQcoSwEoSwJLAksCSwN0cQhjbnVtcHkKZHR5cGUKcQlYAgAAAHUxcQqJiIdxC1JxDChLA1gBAAAAfHENTk5OSv////9K/////0sAdHEOYolDGAALFiEsN0JNWGNueYSPmqWwu8bR3Ofy/XEPdHEQYlgUAAAAZXh0cmFwb2xhdGVkX3RhcmdldHNxEWgCaANLAIVxEmgFh3ETUnEUKEsBSwKFcRVoCVgCAAAAaThxFomIh3EXUnEYKEsDWAEAAAA8cRlOTk5K/////0r/////SwB0cRpiiUMQBwAAAAAAAAADAAAAAAAAAHEbdHEcYnUu",
  "gASVHAEAAAAAAAB9lCiMBGRhdGGUjBZudW1weS5fY29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwEoSwJLAksCSwN0lGgFjAVkdHlwZZSTlIwCdTGUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LAHSUYolDGAALFiEsN0JNWGNueYSPmqWwu8bR3Ofy/ZR0lGKMFGV4dHJhcG9sYXRlZF90YXJnZXRzlGgEaAdLAIWUaAmHlFKUKEsBSwKFlGgOjAJpOJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMQBwAAAAAAAAADAAAAAAAAAJR0lGJ1Lg==",
  "gAWVAgEAAAAAAAB9lCiMBGRhdGGUjBNudW1weS5fY29yZS5udW1lcmljlIwLX2Zyb21idWZmZXKUk5QolhgAAAAAAAAAAAsWISw3Qk1YY255hI+apbC7xtHc5/L9lIwFbnVtcHmUjAVkdHlwZZSTlIwCdTGUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LAHSUYihLAksCSwJLA3SUjAFDlHSUUpSMFGV4dHJhcG9sYXRlZF90YXJnZXRzlGgEKJYQAAAAAAAAAAcAAAAAAAAAAwAAAAAAAACUaAiMAmk4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJLAoWUaA90lFKUdS4=",
];

test("reads the arrays that NumPy wrote in protocols 2, 3, 4 and 5", async () => {
  for (const text of byNumpy) {
    const file = Buffer.from(text, "base64");
    const data = await readFrom(file, "data");
    assert.deepEqual([data.shape, [...data.bytes]], [[2, 2, 2, 3], Array.from({ length: 24 }, (_, i) => 11 * i)]);
    const targets = await readFrom(file, "extrapolated_targets");
    assert.deepEqual([...numbersOf(targets.bytes, targets.type)], [7, 3]);
  }
});

const all = Uint8Array.from({ length: 256 }, (_, i) => i);

for (const form of pickleForms) {
  test(`protocol ${form}: every byte comes back`, async () => {
    const found = await readFrom(fileOf({ shape: [16, 16], type: "u1", bytes: all }, form), "a");
    assert.deepEqual(found.bytes, all);
  });
}

test("columns that come first are turned into rows", async () => {
  const bytes = Uint8Array.of(1, 4, 2, 5, 3, 6);
  const found = await readFrom(fileOf({ shape: [2, 3], type: "u1", isFortran: true, bytes }), "a");
  assert.deepEqual([...found.bytes], [1, 2, 3, 4, 5, 6]);
  const latest = fileOf({ shape: [2, 3], type: "u1", isFortran: true, bytes }, "5");
  assert.deepEqual([...(await readFrom(latest, "a")).bytes], [1, 2, 3, 4, 5, 6]);
  const deep = await readFrom(
    fileOf({ shape: [2, 2, 2], type: "u1", isFortran: true, bytes: all.subarray(0, 8) }),
    "a",
  );
  assert.deepEqual([...deep.bytes], [0, 4, 2, 6, 1, 5, 3, 7]);
});

test("numbers whose most significant byte comes first are read so", async () => {
  const bytes = Uint8Array.of(0xff, 0xfe, 0x01, 0x02);
  const { bytes: read, type } = await readFrom(fileOf({ shape: [2], type: "i2", order: ">", bytes }), "a");
  assert.deepEqual([...numbersOf(read, type)], [-2, 258]);
});

test("an array of more or fewer bytes than its shape takes is refused before they are read", async () => {
  for (const form of pickleForms) {
    const short = fileOf({ shape: [1e9, 3], type: "u1", bytes: all }, form);
    await refused(
      readFrom(short, "a"),
      /a\.pickle: a: holds (256|384) bytes; its shape \[1000000000, 3\] takes 3000000000/,
    );
    await refused(readFrom(fileOf({ shape: [3], type: "u1", bytes: all }, form), "a"), /its shape \[3\] takes 3 bytes/);
  }
  // 384 bytes of UTF-8 could be 300 characters, and are 256.
  const counted = fileOf({ shape: [300], type: "u1", bytes: all }, "2 by Python 3");
  await refused(readFrom(counted, "a"), /holds another number of bytes; its shape \[300\] takes 300 bytes/);
});

test("text that is no Latin-1 is refused, wherever it breaks", async () => {
  const file = fileOf({ shape: [16, 16], type: "u1", bytes: all }, "2 by Python 3");
  const at = file.indexOf(Buffer.of(0xc2, 0x80));
  for (const [first, second] of [
    [0xe2, 0x80],
    [0xc4, 0x80],
    [0xc2, 0x41],
    [0xc2, 0xc2],
    [0x41, 0x80],
    [0x41, 0x41],
  ] as const) {
    const broken = Buffer.from(file);
    broken.set([first, second], at);
    await refused(
      readFrom(broken, "a"),
      /a\.pickle: a: holds another number of bytes; its shape \[16, 16\] takes 256 bytes/,
    );
  }
});

test("what is no array of plain numbers is none", () => {
  for (const array of [
    { shape: [-1], type: "u1", bytes: all },
    { shape: [2], type: "O8", bytes: all },
    { shape: [2], type: "f1", bytes: all },
  ]) {
    const source = memorySource("a.pickle", fileOf(array));
    const dict = readPickle(source);
    assert.ok(typeof dict === "object" && dict?.type === "dict");
    assert.equal(pickledArray(entryOf(dict, "a", source), source), null);
  }
  assert.equal(pickledArray(undefined, memorySource("a.pickle", all)), null);
});

test("damage of any kind is an error with the file's name, or goes unnoticed in the data", async () => {
  for (const file of byNumpy.map((text) => Buffer.from(text, "base64"))) {
    for (const bytes of damaged(file, 200)) await requireCalm(() => readFrom(bytes, "data", true), "a.pickle");
  }
});

function fileOf(array: PickledBytes, form: (typeof pickleForms)[number] = "3"): Buffer {
  const writer = new PickleWriter(form);
  return writer.file(writer.dict([[writer.text("a"), writer.array(array)]]));
}

async function readFrom(file: Buffer, key: string, mayBeOther = false) {
  const source = memorySource("a.pickle", file);
  const dict = readPickle(source);
  const value = typeof dict === "object" && dict?.type === "dict" ? entryOf(dict, key, source) : undefined;
  const array = pickledArray(value, source);
  if (array === null && mayBeOther)
    return { shape: [], type: { kind: "u", bytes: 1, isLittleEndian: true } as const, bytes: all };
  assert.ok(array !== null);
  return { ...array, bytes: await readPickledArray(source, key, array) };
}
