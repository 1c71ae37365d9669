import assert from "node:assert/strict";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { loadCifar10, loadCifar100 } from "../../src/data/cifar.js";
import { decodePython } from "../../src/data/cifar-python.js";
import { memorySource } from "../../src/formats/byte-source.js";
import { type PickledBytes, type PickleForm, PickleWriter, pickleForms } from "../support/pickle-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SAMPLES = 3;
const planes: PickledBytes = {
  shape: [SAMPLES, 3072],
  type: "u1",
  bytes: Uint8Array.from({ length: SAMPLES * 3072 }, (_, i) => plane(Math.floor(i / 3072), i % 3072)),
};

for (const form of pickleForms) {
  test(`protocol ${form}: planes become pixels, labels stay`, async () => {
    const { labels, pixels } = await decode(fileOf({ form }));
    assert.deepEqual([...labels], [7, 0, 9]);
    // Image 1, row 2, column 5: red, green and blue of position 69.
    const at = (1024 + 69) * 3;
    assert.deepEqual([...pixels.subarray(at, at + 3)], [plane(1, 69), plane(1, 1024 + 69), plane(1, 2048 + 69)]);
  });
}

test("what the pickle would call is not called, and does no harm where it is not needed", async () => {
  const writer = new PickleWriter("2 by Python 3");
  const evil = writer.call("os", "abort", []);
  const { labels } = await decode(fileOf({ more: [[writer.text("batch_label"), evil]] }));
  assert.deepEqual([...labels], [7, 0, 9]);
  await refused(decode(writer.file(evil)), /a: holds an object of os\.abort; expected a dict/);
  const instead = writer.file(writer.dict([[writer.text("data"), evil]]));
  await refused(decode(instead), /a: data is an object of os\.abort; expected an array/);
});

const cases: readonly [string, Buffer, RegExp][] = [
  ["label 200", fileOf({ labels: [7, 200, 9] }), /a: labels: image 1 has the label 200; labels run from 0 to 9/],
  ["label -1", fileOf({ labels: [7, 0, -1] }), /image 2 has the label -1/],
  ["fewer labels", fileOf({ labels: [7] }), /a: labels has 1 labels; expected 3/],
  [
    "fewer images",
    fileOf({ data: { ...planes, shape: [2, 3072] } }),
    /data is \[2, 3072\] of u1; expected \[3, 3072\] of u1/,
  ],
  ["wider numbers", fileOf({ data: { ...planes, type: "i2" } }), /data is \[3, 3072\] of i2; expected/],
  ["labels of another name", fileOf({ key: "fine_labels" }), /labels is nothing; expected a list or an array/],
  ["a cut file", fileOf({}).subarray(0, 5000), /a: damaged pickle: .* announces 9216 bytes; expected/],
];

for (const [what, file, message] of cases) test(`${what} is refused`, () => refused(decode(file), message));

test("the digest is that of the binary version, from a folder and from the archive", async (t) => {
  const folder = temporaryFolder(t);
  const [labels, data] = [wholeLabels(10), wholePlanes()];
  const binary = Buffer.alloc(10_000 * 3073);
  for (let i = 0; i < 10_000; i++) {
    binary[3073 * i] = labels[i] ?? 0;
    binary.set(data.bytes.subarray(3072 * i, 3072 * (i + 1)), 3073 * i + 1);
  }
  writeFileSync(join(folder, "test_batch.bin"), binary);
  const expected = await loadCifar10({ directory: folder, split: "test" });

  const python = fileOf({ form: "2 by Python 2", data, labels });
  const place = join(folder, "there");
  mkdirSync(join(place, "cifar-10-batches-py"), { recursive: true });
  writeFileSync(join(place, "cifar-10-batches-py", "test_batch"), python);
  assert.equal((await loadCifar10({ directory: place, split: "test" })).sha256, expected.sha256);
  assert.match(expected.notice ?? "", /the test images of cifar10 are not the published ones/);

  const archive = join(folder, "cifar.tar.gz");
  const tar = pack();
  tar.entry({ name: "cifar-10-batches-py/test_batch" }, python);
  tar.finalize();
  await pipeline(tar, createGzip({ level: 1 }), createWriteStream(archive));
  assert.equal((await loadCifar10({ directory: archive, split: "test" })).sha256, expected.sha256);
});

test("CIFAR-100 takes the fine labels", async (t) => {
  const folder = temporaryFolder(t);
  const writer = new PickleWriter("2 by Python 2");
  const coarse: [Buffer, Buffer] = [writer.bytes(Buffer.from("coarse_labels")), writer.list([])];
  const options = { data: wholePlanes(), labels: wholeLabels(100), key: "fine_labels", more: [coarse] } as const;
  writeFileSync(join(folder, "test"), fileOf({ form: "2 by Python 2", ...options }));
  const set = await loadCifar100({ directory: folder, split: "test" });
  assert.deepEqual([...set.labels.subarray(97, 102)], [97, 98, 99, 0, 1]);
  assert.match(set.notice ?? "", /test is not the published file: its MD5 is .*, expected f0ef6b0a/);
});

interface FileOptions {
  readonly form?: PickleForm;
  readonly data?: PickledBytes;
  readonly labels?: readonly number[];
  readonly key?: string;
  readonly more?: readonly (readonly [Buffer, Buffer])[];
}

function fileOf({ form = "3", data = planes, labels = [7, 0, 9], key = "labels", more = [] }: FileOptions): Buffer {
  const writer = new PickleWriter(form);
  const name = (text: string) => writer.bytes(Buffer.from(text));
  return writer.file(
    writer.dict([
      ...more,
      [name("data"), writer.array(data)],
      [name(key), writer.list(labels.map((label) => writer.integer(label)))],
    ]),
  );
}

async function decode(file: Buffer) {
  const target = { labels: new Uint8Array(SAMPLES), pixels: new Uint8Array(SAMPLES * 3072) };
  await decodePython(memorySource("a", file), target, { key: "labels", classes: 10 });
  return target;
}

function plane(image: number, position: number): number {
  return (31 * image + 7 * position + (position >> 10)) & 255;
}

function wholePlanes(): PickledBytes {
  const bytes = new Uint8Array(10_000 * 3072);
  for (let i = 0; i < bytes.length; i++) bytes[i] = plane(Math.floor(i / 3072), i % 3072);
  return { shape: [10_000, 3072], type: "u1", bytes };
}

function wholeLabels(classes: number): readonly number[] {
  return Array.from({ length: 10_000 }, (_, i) => i % classes);
}
