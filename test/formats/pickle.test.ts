import assert from "node:assert/strict";
import { test } from "node:test";
import { memorySource } from "../../src/formats/byte-source.js";
import { readPickle } from "../../src/formats/pickle.js";
import { describeValue, entryOf, type PickleValue, shortText } from "../../src/formats/pickle-values.js";
import { damaged, requireCalm } from "../support/damage.js";
import { PickleWriter, pickleForms } from "../support/pickle-file.js";
import { refused } from "../support/refused.js";

/** Protocol 2 by Python 3: {b"data": …, b"labels": [7, 3], b"other": [1.5, 2**40, -5, -70000, True, None, (1,), {"k": []}]}. */
const written = Buffer.from(
  "gAJ9cQAoY19jb2RlY3MKZW5jb2RlCnEBWAQAAABkYXRhcQJYBgAAAGxhdGluMXEDhnEEUnEFY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEGY251bXB5Cm5kYXJyYXkKcQdLAIVxCGgBWAEAAABicQloA4ZxClJxC4dxDFJxDShLAUsCSwyGcQ5jbnVtcHkKZHR5cGUKcQ9YAgAAAHUxcRCJiIdxEVJxEihLA1gBAAAAfHETTk5OSv////9K/////0sAdHEUYohoAVgkAAAAAMKEC8KPFsKaIcKlLMKwN8K7QsOGTcORWMOcY8OnbsOyecO9cRVoA4ZxFlJxF3RxGGJoAVgGAAAAbGFiZWxzcRloA4ZxGlJxG11xHChLB0sDZWgBWAUAAABvdGhlcnEdaAOGcR5ScR9dcSAoRz/4AAAAAAAAigYAAAAAAAFK+////0qQ7v7/iE5LAYVxIX1xIlgBAAAAa3EjXXEkc2V1Lg==",
  "base64",
);

test("reads a pickle that Python wrote", () => {
  const source = memorySource("a.pickle", written);
  const value = readPickle(source);
  assert.ok(typeof value === "object" && value?.type === "dict");
  const other = entryOf(value, "other", source);
  assert.ok(typeof other === "object" && other !== null && "items" in other);
  assert.deepEqual(other.items.slice(0, 6), [1.5, 2 ** 40, -5, -70000, true, null]);
  assert.deepEqual(other.items[6], { type: "tuple", items: [1] });
  assert.equal(describeValue(entryOf(value, "data", source)), "an object of numpy._core.multiarray._reconstruct");
  assert.equal(entryOf(value, "absent", source), undefined);
});

/** What the opcodes make, in a pickle of protocol 2. */
const values: readonly [string, string, PickleValue][] = [
  ["integers of one, two and four bytes", "(K\xffM\x00\x80J\xff\xff\xff\xfft", tuple([255, 32768, -1])],
  ["integers as text, and the old truth values", "(I-12\nI00\nI01\nt", tuple([-12, false, true])],
  ["long integers, of no byte too", "(\x8a\x00\x8a\x01\xff\x8b\x02\x00\x00\x00\x00\x01t", tuple([0, -1, 256])],
  ["lists and dicts made of marks", "((K\x01l(K\x02K\x03dt", tuple([list([1]), dict([[2, 3]])])],
  ["single items", "}K\x01]K\x02as", dict([[1, list([2])]])],
  ["tuples of fixed length", "K\x01K\x02K\x03\x87\x85)\x86", tuple([tuple([tuple([1, 2, 3])]), tuple([])])],
  ["what was remembered", "(K\x07q\x05h\x05r\x00\x01\x00\x00j\x00\x01\x00\x00t", tuple([7, 7, 7])],
  ["what was popped", "(K\x01K\x020(0t", tuple([1])],
  ["names and calls as records", "cos\nsystem\n(K\x01tR", object({ type: "global", name: "os.system" }, [1])],
  ["new objects with a state", "cos\nsystem\n)\x81K\x01b", object({ type: "global", name: "os.system" }, [], 1)],
];

for (const [what, text, expected] of values) {
  test(`reads ${what}`, () => assert.deepEqual(read(text), expected));
}

test("text and bytes stay in the file until they are asked for", () => {
  const file = Buffer.from("\x80\x02(X\x03\x00\x00\x00k\xc3\xa4U\x02\xe4!t.", "latin1");
  const source = memorySource("a.pickle", file);
  const value = readPickle(source);
  assert.ok(typeof value === "object" && value !== null && "items" in value);
  assert.deepEqual(value.items[0], { type: "text", from: 8, length: 3 });
  assert.deepEqual(
    value.items.map((item) => shortText(item, source)),
    ["kä", "ä!"],
  );
});

const refusals: readonly [string, string, RegExp][] = [
  ["an empty file", "", /no pickle of protocol 2 to 5: it begins with ""; expected "8002" to "8005"/],
  ["protocol 6", "\x80\x06N.", /begins with "8006"/],
  ["a buffer outside the file", "\x80\x05\x97.", /opcode at byte 2 refers to an object outside the file/],
  ["text that is no pickle", "hello", /begins with "6865"/],
  ["a memo that is missing", "\x80\x02h\x65.", /opcode at byte 2 asks for memo 101, which was never stored/],
  ["a cut file", "\x80\x02J\x01", /cut: it ends at byte 4; expected at least 7 bytes/],
  ["an opcode of other pickles", "\x80\x02\x8fN.", /opcode at byte 2 is 0x8f, which no data pickle/],
  ["a persistent id", "\x80\x02K\x01Q.", /opcode at byte 4 refers to an object outside the file/],
  ["a cut string", "\x80\x02X\x09\x00\x00\x00abc", /announces 9 bytes; expected 0 to 3, which is what is left/],
  ["a negative size", "\x80\x02T\xff\xff\xff\xffabc.", /announces -1 bytes; expected 0 to 4/],
  ["a size beyond every file", `\x80\x02\x8e${"\xff".repeat(8)}.`, /announces 18446744073709552000 bytes/],
  ["a long integer of a megabyte", "\x80\x02\x8b\x00\x00\x10\x00.", /announces an integer of 1048576 bytes/],
  ["an empty stack", "\x80\x02.", /takes a value from an empty stack/],
  ["a value below a mark", "\x80\x02K\x01(.", /takes a value from an empty stack/],
  ["a mark that is missing", "\x80\x02K\x01t.", /looks for a mark that was never set/],
  ["a key without a value", "\x80\x02}(K\x01u.", /has a key without a value/],
  ["an item for a number", "\x80\x02K\x01K\x02a.", /appends to the number 1; expected a list/],
  ["an entry for a list", "\x80\x02]K\x01K\x02s.", /sets an item of a list of 0; expected a dict/],
  ["a call without a tuple", "\x80\x02cos\nsystem\nK\x01R.", /calls with the number 1; expected a tuple/],
  ["a state for a list", "\x80\x02]Nb.", /gives a state to a list of 0; expected an object/],
  ["an integer that is none", "\x80\x02I12a\n.", /holds "12a"; expected an integer/],
  ["bytes behind the end", "\x80\x02N.N", /the pickle ends here, and 1 bytes follow/],
];

for (const [what, text, message] of refusals) {
  test(`${what} is refused with its place`, async () => {
    await refused((async () => read(text, false))(), new RegExp(`^a\\.pickle: .*${message.source}`));
  });
}

test("a file of nothing but lists is refused before it fills the memory", async () => {
  await refused((async () => read(`\x80\x02${"]".repeat(1_000_001)}`, false))(), /makes more than 1000000 objects/);
});

test("a pickle that contains itself is read, and described without end", () => {
  assert.equal(describeValue(read("]q\x00h\x00a")), "a list of 1");
});

test("damage of any kind is an error with the file's name, or other data", async () => {
  const whole = [written, ...pickleForms.map((form) => exampleOf(new PickleWriter(form)))];
  for (const file of whole) {
    for (const bytes of damaged(file, 200))
      await requireCalm(async () => readPickle(memorySource("a.pickle", bytes)), "a.pickle");
  }
});

function exampleOf(writer: PickleWriter): Buffer {
  const array = writer.array({ shape: [2, 3], type: "u1", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  return writer.file(writer.dict([[writer.bytes(Buffer.from("data")), array]]));
}

/** The value of opcodes, between the protocol and the end unless they are a whole file. */
function read(text: string, isBody = true): PickleValue {
  return readPickle(memorySource("a.pickle", Buffer.from(isBody ? `\x80\x02${text}.` : text, "latin1")));
}

function tuple(items: PickleValue[]): PickleValue {
  return { type: "tuple", items };
}

function list(items: PickleValue[]): PickleValue {
  return { type: "list", items };
}

function dict(entries: [PickleValue, PickleValue][]): PickleValue {
  return { type: "dict", entries };
}

function object(callee: PickleValue, items: PickleValue[], state: PickleValue = null): PickleValue {
  return { type: "object", callee, arguments: tuple(items), state };
}
