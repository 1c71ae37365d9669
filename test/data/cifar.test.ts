import assert from "node:assert/strict";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { InputError } from "../../src/core/errors.js";
import { loadCifar10, loadCifar100 } from "../../src/data/cifar.js";
import { CIFAR10_CLASSES, CIFAR100_CLASSES } from "../../src/data/cifar-classes.js";

const scratch = await mkdtemp(join(tmpdir(), "sparse-robust-"));
after(() => rm(scratch, { recursive: true }));

const RECORD = 3073;
const TEST10 = records10();

test("planes become pixels and the digest does not depend on the container", async () => {
  const folder = await folderWith("plain", { "test_batch.bin": TEST10 });
  const set = await loadCifar10({ directory: folder, split: "test" });
  assert.deepEqual([set.samples, set.height, set.width, set.channels], [10_000, 32, 32, 3]);
  assert.deepEqual([...set.labels.subarray(0, 3)], [0, 3, 6]);
  // Record 1, row 2, column 5: red, green and blue of position 69.
  const at = (1 * 1024 + 69) * 3;
  assert.deepEqual([...set.pixels.subarray(at, at + 3)], [pixel(1, 69), pixel(1, 1024 + 69), pixel(1, 2048 + 69)]);

  const archive = join(scratch, "cifar-10-binary.tar.gz");
  await writeArchive(archive, {
    "cifar-10-batches-bin/readme.html": Buffer.from("x"),
    "cifar-10-batches-bin/test_batch.bin": TEST10,
  });
  for (const directory of [archive, scratch]) {
    const packed = await loadCifar10({ directory, split: "test", limit: 5 });
    assert.equal(packed.sha256, set.sha256);
    assert.deepEqual(packed.pixels, set.pixels.slice(0, 5 * 3072));
  }
});

test("a file of the wrong size is refused with both sizes", async () => {
  const folder = await folderWith("short", { "test_batch.bin": TEST10.subarray(0, 1000) });
  await refused(loadCifar10({ directory: folder, split: "test" }), /test_batch\.bin.*1000 bytes.*30730000/);
  const archive = join(scratch, "short.tar.gz");
  await writeArchive(archive, { "test_batch.bin": TEST10.subarray(0, 1000) });
  await refused(
    loadCifar10({ directory: archive, split: "test" }),
    /short\.tar\.gz: test_batch\.bin.*1000 bytes.*30730000/,
  );
});

test("a label out of range is refused with its record", async () => {
  const wrong = Buffer.from(TEST10);
  wrong[4321 * RECORD] = 10;
  const folder = await folderWith("label", { "test_batch.bin": wrong });
  await refused(
    loadCifar10({ directory: folder, split: "test" }),
    /test_batch\.bin: record 4321 has the label 10; labels run from 0 to 9/,
  );
});

test("a training batch that is missing is named", async () => {
  const folder = await folderWith("partial", { "data_batch_1.bin": TEST10 });
  await refused(loadCifar10({ directory: folder, split: "train" }), /data_batch_2\.bin: no such file/);
});

test("a cut archive and one without the file are refused", async () => {
  const cut = join(scratch, "cut.tar.gz");
  await writeFile(cut, Buffer.from("1f8b08000000000000ff00", "hex"));
  await refused(loadCifar10({ directory: cut, split: "test" }), /cut\.tar\.gz/);
  const empty = join(scratch, "empty.tar.gz");
  await writeArchive(empty, { "other.bin": Buffer.from("x") });
  await refused(
    loadCifar10({ directory: empty, split: "test" }),
    /empty\.tar\.gz: test_batch\.bin: the archive holds no such file/,
  );
});

test("data that is nowhere is an error that says where it was looked for and what to fetch", async () => {
  const nowhere = join(scratch, "nowhere");
  await refused(
    loadCifar10({ directory: nowhere, split: "test" }),
    /fetch-data\.sh cifar10 .*nowhere fetches them\. Looked for .*nowhere, .*nowhere\/cifar-10-batches-bin, .*nowhere\/cifar-10-binary\.tar\.gz, .*nowhere\/cifar-10-batches-py, .*nowhere\/cifar-10-python\.tar\.gz\. By hand: fetch cifar-10-binary\.tar\.gz, or cifar-10-python\.tar\.gz from /,
  );
});

test("without --data-dir the variable's folder comes before the user's cache", async (t) => {
  const before = { ...process.env };
  t.after(() => Object.assign(process.env, { XDG_CACHE_HOME: "", SPARSE_ROBUST_DATA: "" }, before));
  const named = await folderWith("named/cifar-10-batches-bin", { "test_batch.bin": TEST10.subarray(0, 1) });
  const cached = await folderWith("cache/sparse-robust/cifar-10-batches-bin", {
    "test_batch.bin": TEST10.subarray(0, 2),
  });
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  process.env.SPARSE_ROBUST_DATA = join(scratch, "named");
  await refused(loadCifar10({ directory: null, split: "test" }), new RegExp(`${named}.* 1 bytes`));
  process.env.SPARSE_ROBUST_DATA = "";
  await refused(loadCifar10({ directory: null, split: "test" }), new RegExp(`${cached}.* 2 bytes`));
});

test("CIFAR-100 takes the fine label and checks the coarse one", async () => {
  const bytes = Buffer.alloc(10_000 * 3074);
  bytes.set([19, 99, 1], 3074);
  const good = await folderWith("hundred", { "test.bin": bytes });
  const set = await loadCifar100({ directory: good, split: "test", limit: 2 });
  assert.deepEqual([...set.labels], [0, 99]);
  assert.equal(set.pixels[3072], 1);
  bytes[3074] = 20;
  const bad = await folderWith("hundred-bad", { "test.bin": bytes });
  await refused(loadCifar100({ directory: bad, split: "test" }), /record 1 has the label 20; labels run from 0 to 19/);
});

test("class names are complete and in order", () => {
  assert.equal(new Set(CIFAR10_CLASSES).size, 10);
  assert.equal(new Set(CIFAR100_CLASSES).size, 100);
  assert.deepEqual(CIFAR100_CLASSES.toSorted(), CIFAR100_CLASSES);
  assert.deepEqual([CIFAR10_CLASSES[3], CIFAR10_CLASSES[9], CIFAR100_CLASSES[99]], ["cat", "truck", "worm"]);
});

const REAL = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const skip = existsSync(REAL) ? false : "no ../shared/data beside the checkout";

test("the real CIFAR-10 has ten test classes of equal size", { skip }, async () => {
  const { labels, samples } = await loadCifar10({ directory: REAL, split: "test" });
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  assert.equal(samples, 10_000);
  assert.deepEqual(new Set(counts.values()), new Set([1000]));
});

test("the training batches of the real CIFAR-10 come in their order", { skip }, async () => {
  const { labels, samples } = await loadCifar10({ directory: REAL, split: "train" });
  assert.equal(samples, 50_000);
  for (const [i, number] of [1, 2, 3, 4, 5].entries()) {
    const batch = await readFile(join(REAL, "cifar-10-batches-bin", `data_batch_${number}.bin`));
    const expected = Uint8Array.from({ length: 20 }, (_, record) => batch[record * RECORD] ?? 255);
    assert.deepEqual(labels.slice(i * 10_000, i * 10_000 + 20), expected);
  }
});

function records10(): Buffer {
  const bytes = Buffer.alloc(10_000 * RECORD);
  for (let record = 0; record < 10_000; record++) {
    bytes[record * RECORD] = (3 * record) % 10;
    for (let i = 0; i < 3072; i++) bytes[record * RECORD + 1 + i] = pixel(record, i);
  }
  return bytes;
}

function pixel(record: number, plane: number): number {
  return (record + 7 * plane + (plane >> 10)) & 255;
}

async function folderWith(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes);
  return folder;
}

async function writeArchive(path: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, Buffer.from(bytes));
  archive.finalize();
  await pipeline(archive, createGzip({ level: 1 }), createWriteStream(path));
}

async function refused(loading: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}
