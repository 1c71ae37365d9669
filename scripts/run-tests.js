// Runs every compiled test file with node's own runner: npm passes further arguments on (`npm test -- --test-name-pattern=…`).
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../dist/test/", import.meta.url));
const files = readdirSync(root, { recursive: true })
  .filter((file) => file.endsWith(".test.js"))
  .sort()
  .map((file) => root + file);
const run = spawnSync(process.execPath, ["--test", "--test-concurrency=2", ...process.argv.slice(2), ...files], {
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;
