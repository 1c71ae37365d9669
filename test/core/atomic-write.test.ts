import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeAtomically } from "../../src/core/atomic-write.js";
import { InputError, ResourceError } from "../../src/core/errors.js";
import { fileError } from "../../src/core/file-errors.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("text, bytes and pieces are written whole, and nothing else lies beside them", async (context) => {
  const folder = temporaryFolder(context);
  await writeAtomically(join(folder, "text"), "grün\n");
  await writeAtomically(join(folder, "bytes"), Uint8Array.of(1, 2, 3).subarray(1));
  await writeAtomically(join(folder, "pieces"), [Uint8Array.of(1), Uint8Array.of(2, 3)]);
  assert.equal(readFileSync(join(folder, "text"), "utf8"), "grün\n");
  assert.deepEqual([...readFileSync(join(folder, "bytes"))], [2, 3]);
  assert.deepEqual([...readFileSync(join(folder, "pieces"))], [1, 2, 3]);
  assert.deepEqual(readdirSync(folder).sort(), ["bytes", "pieces", "text"]);
});

test("a write that fails half-way leaves the old file and nothing beside it", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "file");
  writeFileSync(path, "old");
  const pieces = (function* () {
    yield Uint8Array.of(1);
    throw new Error("the pieces end here");
  })();
  await assert.rejects(writeAtomically(path, pieces), /the pieces end here/);
  assert.equal(readFileSync(path, "utf8"), "old");
  assert.deepEqual(readdirSync(folder), ["file"]);
});

test("a path that cannot be written is the user's to change", async (context) => {
  const folder = temporaryFolder(context);
  const inNoFolder = join(folder, "none", "file");
  await assert.rejects(
    writeAtomically(inNoFolder, ""),
    new InputError(`cannot write ${inNoFolder}: no such file or folder`),
  );
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken", "inside"), "");
  await assert.rejects(writeAtomically(join(folder, "taken"), ""), InputError);
  assert.ok(existsSync(join(folder, "taken", "inside")));
});

test("a full disk is the machine's failure", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const error = fileError(full, "write", "run/a");
  assert.ok(error instanceof ResourceError);
  assert.equal(error.message, "cannot write run/a: no space left on the disk");
});

test("what is no system error stays what it is", () => {
  const bug = new TypeError("x is not a function");
  assert.equal(fileError(bug, "write", "run/a"), bug);
});
