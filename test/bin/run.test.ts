import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/case-runner.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a package that is not built says so in one line", (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  const run = spawnSync(process.execPath, [join(folder, "bin", "compare.js"), "--help"], { encoding: "utf8" });
  assert.equal(run.stderr, "compare: the package is not built: npm run build\n");
  assert.equal(run.stdout, "");
  assert.equal(run.status, 3);
});

for (const version of ["8.17.0", "18.20.8", "20.18.3", "23.0.0", "24.11.1"]) {
  test(`Node ${version} gets one sentence instead of a stack`, (context) => {
    const run = runAs(version, temporaryFolder(context));
    const sentence = `this is Node ${version}; sparse-robust runs on Node 20.19 or newer, below 23`;
    assert.equal(run.stderr, `compare: ${sentence}\n`);
    assert.equal(run.status, 3);
  });
}

for (const version of ["20.19.0", "21.0.0", "22.99.9"]) {
  test(`Node ${version} runs the commands`, (context) => {
    const run = runAs(version, temporaryFolder(context));
    assert.equal(run.stderr, "");
    assert.match(run.stdout, /^\d+\.\d+\.\d+\n$/);
  });
}

test("the versions that run are those that the package says it runs on", () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.equal(engines.node, ">=20.19 <23");
});

/** `compare --version` on a Node that says it is another one. */
function runAs(version: string, folder: string) {
  const preload = join(folder, "another-node.cjs");
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  writeFileSync(preload, `Object.defineProperty(process, "versions", { value: ${versions} });`);
  const program = join(ROOT, "bin", "compare.js");
  return spawnSync(process.execPath, ["--require", preload, program, "--version"], { encoding: "utf8" });
}
