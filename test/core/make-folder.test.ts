import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../../src/core/make-folder.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("folders are made with those above them, and one that is there is left alone", async (context) => {
  const folder = join(temporaryFolder(context), "a", "b", "c");
  await makeFolder(folder);
  await makeFolder(folder);
  assert.ok(statSync(folder).isDirectory());
});

test("a file in the way is an error, also further up", async (context) => {
  const file = join(temporaryFolder(context), "file");
  writeFileSync(file, "");
  await assert.rejects(makeFolder(file), { code: "EEXIST" });
  await assert.rejects(makeFolder(join(file, "a", "b")), { code: "ENOTDIR" });
});

test("where no folder can be made it fails, and does not try for ever", {
  skip: !existsSync("/proc/self"),
}, async () => {
  await assert.rejects(makeFolder("/proc/sparse-robust/a"), { code: "ENOENT" });
});
