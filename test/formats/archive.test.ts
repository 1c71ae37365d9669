import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { InputError } from "../../src/core/errors.js";
import { readTar, readUnpacked } from "../../src/formats/archive.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const PICTURES = Buffer.from(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 251));

async function tarBytes(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "set/", type: "directory" });
  archive.entry({ name: "set/readme.txt" }, "hello");
  archive.entry({ name: "set/a.bin" }, PICTURES);
  archive.entry({ name: "set/link.bin", type: "symlink", linkname: "a.bin" });
  archive.finalize();
  return buffer(archive);
}

const options = { wants: (name: string) => name.endsWith(".bin"), mostBytes: 5000 };

test("the wanted files of an archive are read, packed or not; folders and links are not files", async (context) => {
  const path = join(temporaryFolder(context), "set.tar.gz");
  const bytes = await tarBytes();
  for (const stored of [bytes, gzipSync(bytes)]) {
    writeFileSync(path, stored);
    const members = await readTar(path, options);
    assert.deepEqual([...members.keys()], ["set/a.bin"]);
    assert.deepEqual(Buffer.from(members.get("set/a.bin") ?? []), PICTURES);
  }
});

test("a cut or damaged archive is an error that names the file", async (context) => {
  const path = join(temporaryFolder(context), "set.tar.gz");
  const bytes = await tarBytes();
  const packed = gzipSync(bytes);
  const flipped = Buffer.from(packed);
  flipped[packed.length - 6] = (flipped[packed.length - 6] ?? 0) ^ 1;
  for (const stored of [
    bytes.subarray(0, 3000),
    packed.subarray(0, -20),
    flipped,
    Buffer.from("no archive at all".repeat(99)),
  ]) {
    writeFileSync(path, stored);
    await assert.rejects(readTar(path, options), (error) => {
      return error instanceof InputError && error.message.startsWith(`${path}: damaged archive: `);
    });
  }
});

test("a member larger than expected is refused by name", async (context) => {
  const path = join(temporaryFolder(context), "set.tar");
  writeFileSync(path, await tarBytes());
  const expected = new InputError(`${path}: set/a.bin has 5000 bytes; at most 4999 are expected`);
  await assert.rejects(readTar(path, { ...options, mostBytes: 4999 }), expected);
});

test("a file that is missing or a folder is named", async (context) => {
  const folder = temporaryFolder(context);
  const missing = join(folder, "none");
  await assert.rejects(readTar(missing, options), new InputError(`cannot read ${missing}: no such file or folder`));
  await assert.rejects(readTar(folder, options), new InputError(`cannot read ${folder}: it is a folder, not a file`));
  await assert.rejects(readUnpacked(folder, 9), new InputError(`cannot read ${folder}: it is a folder, not a file`));
});

test("damaged gzip data is an error that names the file", async (context) => {
  const path = join(temporaryFolder(context), "a.gz");
  writeFileSync(path, gzipSync(PICTURES).subarray(0, -9));
  await assert.rejects(readUnpacked(path, 5000), (error) => {
    return error instanceof InputError && error.message.startsWith(`${path}: damaged gzip data: `);
  });
});

const MEGABYTE = 2 ** 20;

test("what unpacks to far more than it takes is refused without holding it", async (context) => {
  const path = join(temporaryFolder(context), "bomb.gz");
  const packed = gzipSync(Buffer.alloc(64 * MEGABYTE));
  assert.ok(packed.length < MEGABYTE / 8);
  writeFileSync(path, packed);
  const told = (most: number) => new InputError(`${path}: unpacks to more than ${most} bytes; no more are expected`);
  await assert.rejects(readUnpacked(path, MEGABYTE), told(MEGABYTE));
  await assert.rejects(
    readUnpacked(path, 99),
    new InputError(`${path}: has ${packed.length} bytes; at most 99 are expected`),
  );
  const archive = pack();
  archive.entry({ name: "unwanted.txt" }, Buffer.alloc(8 * MEGABYTE));
  archive.finalize();
  writeFileSync(path, gzipSync(await buffer(archive)));
  await assert.rejects(readTar(path, { ...options, mostUnpacked: MEGABYTE }), told(MEGABYTE));
});
