// Runs every compiled test file with node's own runner: npm passes further arguments on (`npm test -- --test-name-pattern=…`).
// One whose source is gone is left out: the compiler never deletes what it has written.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../dist/test/", import.meta.url));
const sources = new URL("../test/", import.meta.url);
const hasSource = (file) => existsSync(new URL(file.replace(/\.js$/, ".ts"), sources));
const files = readdirSync(root, { recursive: true })
  .filter((file) => file.endsWith(".test.js") && hasSource(file))
  .sort()
  .map((file) => root + file);
const run = spawnSync(process.execPath, ["--test", "--test-concurrency=2", ...process.argv.slice(2), ...files], {
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;
