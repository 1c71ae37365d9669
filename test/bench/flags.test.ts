/** What the benchmark's command line takes; nothing is measured here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BENCH_FLAGS } from "./bench-flags.js";
import { readFlags } from "./flags.js";

const PROGRAM = fileURLToPath(new URL("main.js", import.meta.url));

function bench(...given: readonly string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...given], { encoding: "utf8", timeout: 60_000 });
}

test("help names every flag and exits at once", () => {
  const { status, stdout, stderr } = bench("--help");
  for (const name of Object.keys(BENCH_FLAGS)) assert.match(stdout, new RegExp(`^  --${name} `, "m"));
  assert.match(stdout, /--peer autoattack/);
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("a flag that there is not is refused in one line with the nearest, for attacks too", () => {
  const { status, stderr } = bench("--modles", "vgg16");
  assert.equal(stderr, "bench: Unknown option '--modles'; did you mean \"models\"?; npm run bench -- --help\n");
  assert.equal(status, 2);
  assert.match(bench("--peer", "autoattack", "--sampls", "3").stderr, /^bench: .*did you mean "samples"\?; .*\n$/);
});

test("values that a flag may not have are refused by name", () => {
  assert.throws(() => readFlags(BENCH_FLAGS, ["--parts", "speed,speeed"]), {
    name: "UsageError",
    message: /^--parts speeed: there is start-up, .*; did you mean "speed"\?$/,
  });
  assert.throws(() => readFlags(BENCH_FLAGS, ["--densities", "0.1,0"]), /^UsageError: --densities 0.1,0: numbers/);
  assert.throws(() => readFlags(BENCH_FLAGS, ["--peer"]), { name: "UsageError" });
  assert.equal(readFlags(BENCH_FLAGS, ["--uniform", ""]).uniform, "");
  assert.equal(readFlags(BENCH_FLAGS, []).models, "vgg16,wrn28_4");
});
