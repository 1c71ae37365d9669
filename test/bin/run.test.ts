import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
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
