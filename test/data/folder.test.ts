import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import { grayToRgb } from "../../src/data/gray.js";
import { type NpyFile, npyFile } from "../support/npy-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const bytes = Uint8Array.from({ length: 3 * 2 * 4 * 1 }, (_, i) => 10 * i);
const images: NpyFile = { shape: [3, 2, 4, 1], bytes };
const labels: NpyFile = { shape: [3], descr: "<i8", bytes: new Uint8Array(BigInt64Array.of(0n, 2n, 1n).buffer) };

test("test images of one's own lie in the folder, or below it beside training images", async (t) => {
  const folder = temporaryFolder(t);
  write(folder, images, labels);
  const alone = await load(folder, "test");
  assert.deepEqual([alone.samples, alone.height, alone.width, alone.channels], [3, 2, 4, 1]);
  assert.deepEqual([alone.pixels, [...alone.labels]], [bytes, [0, 2, 1]]);
  assert.deepEqual(alone.classes, ["0", "1", "2"]);
  await refused(
    load(folder, "train"),
    /train\/images\.npy: no such file; expected images\.npy and labels\.npy in .*train$/,
  );
  write(join(folder, "train"), images, { shape: [3], bytes: Uint8Array.of(4, 0, 0) });
  assert.deepEqual([...(await load(folder, "train")).labels], [4, 0, 0]);
  assert.equal((await load(folder, "test")).classes.length, 5, "classes are those of all labels");
});

test("numbers in [0, 1] are taken for the bytes that they stand for", async (t) => {
  for (const [descr, values] of [
    ["<f4", Float32Array.from(bytes, (byte) => byte / 255)],
    ["<f8", Float64Array.from(bytes, (byte) => byte / 255)],
  ] as const) {
    const folder = temporaryFolder(t);
    write(folder, { ...images, descr, bytes: new Uint8Array(values.buffer) }, labels);
    assert.deepEqual((await load(folder, "test")).pixels, bytes);
  }
});

test("numbers between those of bytes stay as they are, for the digest too", async (t) => {
  const values = Float32Array.from(bytes, (byte) => (byte + 0.25) / 255);
  const folder = temporaryFolder(t);
  write(folder, { ...images, descr: "<f4", bytes: new Uint8Array(values.buffer) }, labels);
  const set = await load(folder, "test");
  assert.deepEqual(set.pixels, values);
  assert.deepEqual(toFloat(set, [2, 0]), Float32Array.of(...values.subarray(16), ...values.subarray(0, 8)));
  assert.deepEqual(
    grayToRgb(set).pixels.subarray(0, 6),
    Float32Array.from([0, 0, 0, 1, 1, 1], (i) => values[i] ?? 0),
  );
  const other = temporaryFolder(t);
  write(other, images, labels);
  assert.notEqual(set.sha256, (await load(other, "test")).sha256);
});

test("images with their channels first are refused, since they would be a few rows of many channels", async (t) => {
  const folder = temporaryFolder(t);
  for (const channels of [1, 3]) {
    const shape = [3, channels, 6, 5];
    write(folder, { shape, bytes: new Uint8Array(3 * channels * 6 * 5) }, labels);
    await refused(
      load(folder, "test"),
      new RegExp(
        `images\\.npy: holds \\[3, ${channels}, 6, 5\\]: channels-first\\? transpose to \\[samples, rows, columns, channels\\]`,
      ),
    );
  }
  write(folder, { shape: [3, 3, 6, 4], bytes: new Uint8Array(3 * 3 * 6 * 4) }, labels);
  assert.equal((await load(folder, "test")).channels, 4, "three rows of four channels may be meant");
});

test("names of classes can be given, and bound the labels", async (t) => {
  const folder = temporaryFolder(t);
  write(folder, images, labels);
  writeFileSync(join(folder, "classes.txt"), "cat\ndog\nfrog\nship\n");
  assert.deepEqual((await load(folder, "test")).classes, ["cat", "dog", "frog", "ship"]);
  writeFileSync(join(folder, "classes.txt"), "cat\ndog\n");
  await refused(load(folder, "test"), /labels\.npy: image 1 has the label 2; labels run from 0 to 1/);
  writeFileSync(join(folder, "classes.txt"), "cat\n");
  await refused(load(folder, "test"), /classes\.txt: has 1 names; expected 2 to 256/);
});

const halves = new Uint8Array(Float32Array.from({ length: 24 }, () => 0.5).buffer);
const cases: readonly [string, NpyFile, NpyFile, RegExp][] = [
  [
    "images of three axes",
    { ...images, shape: [3, 2, 4] },
    labels,
    /images\.npy: holds \[3, 2, 4\] of u1; expected \[samples, rows/,
  ],
  ["images of no row", { shape: [3, 0, 4, 1], bytes: new Uint8Array(0) }, labels, /holds \[3, 0, 4, 1\] of u1/],
  [
    "fewer images than labels",
    { shape: [2, 2, 4, 1], bytes: bytes.subarray(16) },
    labels,
    /holds 2 images; there are 3 labels/,
  ],
  [
    "a number above 1",
    {
      ...images,
      descr: "<f4",
      bytes: new Uint8Array(Float32Array.from({ length: 24 }, (_, i) => (i > 8 ? 1.5 : 0)).buffer),
    },
    labels,
    /image 1 has a pixel of 1\.5; expected numbers from 0 to 1, or bytes/,
  ],
  [
    "labels of two axes",
    images,
    { shape: [3, 1], bytes: Uint8Array.of(0, 1, 2) },
    /labels\.npy: holds \[3, 1\] of u1; expected/,
  ],
  [
    "labels that are no integers",
    images,
    { shape: [3], descr: "<f4", bytes: halves.subarray(0, 12) },
    /holds \[3\] of f4/,
  ],
  [
    "a negative label",
    images,
    { shape: [3], descr: "|i1", bytes: Uint8Array.of(0, 255, 1) },
    /image 1 has the label -1; labels run from 0 to 255/,
  ],
];

for (const [what, ownImages, ownLabels, message] of cases) {
  test(`${what} are refused`.replace(/^(a .*) are/, "$1 is"), async (t) => {
    const folder = temporaryFolder(t);
    write(folder, ownImages, ownLabels);
    await refused(load(folder, "test"), message);
  });
}

function load(folder: string, split: "train" | "test") {
  return loadImages({ name: folder, directory: null, split });
}

function write(folder: string, ownImages: NpyFile, ownLabels: NpyFile): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "images.npy"), npyFile(ownImages));
  writeFileSync(join(folder, "labels.npy"), npyFile(ownLabels));
}
