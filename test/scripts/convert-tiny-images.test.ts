import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadFolder } from "../../src/data/folder.js";
import { readTinyImages } from "../../src/data/tiny-images.js";
import { PickleWriter } from "../support/pickle-file.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = fileURLToPath(new URL("../../../scripts/convert-tiny-images.js", import.meta.url));

test("the pickle of pseudo-labelled images becomes a folder of the same images, once", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a.pickle");
  const writer = new PickleWriter("3");
  const pixels = Uint8Array.from({ length: 5 * 3072 }, (_, i) => (7 * i) & 255);
  const targets = new Uint8Array(BigInt64Array.of(7n, 3n, 0n, 9n, 9n).buffer);
  const entries = [
    [writer.text("data"), writer.array({ shape: [5, 32, 32, 3], type: "u1", bytes: pixels })],
    [writer.text("extrapolated_targets"), writer.array({ shape: [5], type: "i8", order: "<", bytes: targets })],
  ] as const;
  writeFileSync(path, writer.file(writer.dict(entries)));
  const out = join(folder, "out");
  const call = () => spawnSync(process.execPath, [SCRIPT, path, out, "5"], { encoding: "utf8" });
  const { status, stderr } = call();
  assert.equal(status, 0, stderr);
  const [before, after] = [await readTinyImages(path, 5), await loadFolder({ name: out, split: "train" })];
  assert.deepEqual([after.sha256, after.classes], [before.sha256, before.classes]);
  const again = call();
  assert.deepEqual([again.status, again.stderr.includes("exists; name another folder")], [2, true]);
});
