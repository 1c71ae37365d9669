import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadImages } from "../../src/data/catalog.js";
import { loadCifar100 } from "../../src/data/cifar.js";
import { noticeOfFile, noticeOfImages } from "../../src/data/published.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const REAL = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const skip = existsSync(REAL) ? false : "no ../shared/data beside the checkout";

test("the published CIFAR-10 passes without a word, whole or in part", { skip }, async () => {
  for (const split of ["train", "test"] as const) {
    const { notice } = await loadImages({ name: "cifar10", directory: REAL, split, limit: 10 });
    assert.equal(notice, null);
  }
});

test("other images under a published name get a sentence with both digests", () => {
  const other = "0".repeat(64);
  assert.match(
    noticeOfImages("cifar10", "test", other) ?? "",
    /^the test images of cifar10 are not the published ones: their sha256 is 0{64}, expected 2638883b[0-9a-f]{56}$/,
  );
  assert.equal(noticeOfImages("./mine", "test", other), null);
});

test("other files get a sentence, the published ones none", async (t) => {
  const path = join(temporaryFolder(t), "a.mat");
  writeFileSync(path, "content");
  const md5 = createHash("md5").update("content").digest("hex");
  assert.equal(await noticeOfFile(path, ["0", md5]), null);
  assert.match(
    (await noticeOfFile(path, ["0", "1"])) ?? "",
    /a\.mat is not the published file: its MD5 is .*, expected 0 or 1$/,
  );
});

test("a folder of CIFAR-100's binary version is taken without a word: nothing is known of its files", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "cifar-100-binary"));
  writeFileSync(join(folder, "cifar-100-binary", "test.bin"), Buffer.alloc(10_000 * 3074));
  assert.equal((await loadCifar100({ directory: folder, split: "test" })).notice, null);
});

test("the embedded sample is nobody's concern", async () => {
  assert.equal((await loadImages({ name: "sample", directory: null, split: "test" })).notice, null);
});
