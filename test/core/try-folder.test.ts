import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tryFolder } from "../../src/core/try-folder.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a folder that could be made and written to is tried without a trace, whether it is there or not", async (t) => {
  const folder = temporaryFolder(t);
  await tryFolder(join(folder, "a", "b", "c"));
  assert.deepEqual(readdirSync(folder), []);
  mkdirSync(join(folder, "a"));
  writeFileSync(join(folder, "a", "kept"), "");
  await tryFolder(join(folder, "a"));
  await tryFolder(join(folder, "a", "b"));
  assert.deepEqual(readdirSync(join(folder, "a")), ["kept"]);
});

test("one below a file, and one where no folder can be made, are refused by the system's own error", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(tryFolder(join(folder, "file", "a", "b")), { code: "ENOTDIR" });
  if (existsSync("/proc/self")) await assert.rejects(tryFolder("/proc/sparse-robust/run"), { code: "ENOENT" });
});
