import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { InputError } from "../../src/core/errors.js";
import { loadFashionMnist, readFashionFiles } from "../../src/data/fashion-mnist.js";

const scratch = await mkdtemp(join(tmpdir(), "sparse-robust-"));
after(() => rm(scratch, { recursive: true }));

const IMAGES = Uint8Array.from({ length: 3 * 784 }, (_, i) => (i % 250) + 1);

test("images are padded with two zeros on each side", async () => {
  const folder = await written("good", { labels: [9, 0, 5] });
  const set = await read(folder);
  assert.deepEqual([set.height, set.width, set.channels], [32, 32, 1]);
  assert.deepEqual([...set.labels], [9, 0, 5]);
  for (let image = 0; image < 3; image++) {
    for (let row = 0; row < 32; row++) {
      for (let column = 0; column < 32; column++) {
        const isInside = row >= 2 && row < 30 && column >= 2 && column < 30;
        const expected = isInside ? IMAGES[(image * 28 + row - 2) * 28 + column - 2] : 0;
        assert.equal(set.pixels[(image * 32 + row) * 32 + column], expected);
      }
    }
  }
});

test("the published counts are required", async () => {
  const folder = await written("small", { labels: [9, 0, 5] });
  await refused(
    loadFashionMnist({ directory: folder, split: "test" }),
    /t10k-labels-idx1-ubyte\.gz: it holds \[3\] bytes; expected \[10000\]/,
  );
});

test("a label out of range is refused with its image", async () => {
  await refused(
    read(await written("label", { labels: [1, 10, 2] })),
    /t10k-labels.*image 1 has the label 10; .*0 to 9/,
  );
});

test("images of another size are refused with both", async () => {
  const folder = await written("shape", {
    labels: [1, 2, 3],
    sides: [27, 28],
    images: IMAGES.subarray(0, 3 * 27 * 28),
  });
  await refused(read(folder), /t10k-images.*\[3, 27, 28\] bytes; expected \[3, 28, 28\]/);
});

test("cut files, wrong magic numbers and bad gzip are refused by name", async () => {
  const folder = await written("cut", { labels: [1, 2, 3], images: IMAGES.subarray(1) });
  await refused(read(folder), /t10k-images.*2367/);
  await writeFile(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(Buffer.from("not an idx file")));
  await refused(read(folder), /t10k-images.*idx file/);
  await writeFile(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(IMAGES).subarray(0, 200));
  await refused(read(folder), /t10k-images.*gzip/);
});

test("a missing file is named", async () => {
  const folder = await written("missing", { labels: [1, 2, 3] });
  await rm(join(folder, "t10k-images-idx3-ubyte.gz"));
  await refused(read(folder), /t10k-images-idx3-ubyte\.gz: no such file/);
  await refused(
    loadFashionMnist({ directory: join(scratch, "nowhere"), split: "train" }),
    /fetch-data\.sh fashion .*fetch the four idx\.gz files/,
  );
});

interface Files {
  readonly labels: readonly number[];
  readonly sides?: readonly [number, number];
  readonly images?: Uint8Array;
}

async function written(name: string, { labels, sides = [28, 28], images = IMAGES }: Files): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(folder);
  await writeFile(join(folder, "t10k-labels-idx1-ubyte.gz"), gzipSync(idx([labels.length], Uint8Array.from(labels))));
  await writeFile(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(idx([labels.length, ...sides], images)));
  return folder;
}

function idx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, values]);
}

function read(folder: string) {
  return readFashionFiles({ name: "three", folder, split: "test", samples: 3 });
}

async function refused(loading: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}
