/** scripts/fair-comparison.sh on the embedded sample: equal weights and image-steps, and nothing is done twice. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = fileURLToPath(new URL("../../../scripts/fair-comparison.sh", import.meta.url));

const settings = {
  ...{ DATA: "sample", MODEL: "tinycnn", STAGES: "1 1 1", SEEDS: "1", DENSITIES: "0.1", PRUNED: "hydra lwm" },
  ...{
    ATTACKS: "fgsm",
    SAMPLES: "20",
    MORE: "--train-samples 40 --batch-size 4 --attack-steps 1 --quiet --select last",
  },
};

test("it compares sparse training with pruning at equal weights and image-steps, and goes on where it was broken off", (t) => {
  const cwd = temporaryFolder(t);
  const out = join(cwd, "fair");
  const run = (more: object = {}) =>
    spawnSync(SCRIPT, ["unused", "fair"], { cwd, encoding: "utf8", env: { ...process.env, ...settings, ...more } });
  const { status, stdout, stderr } = run();
  assert.equal(status, 0, stderr);
  const row = (title: string) => rowOf(stdout, title);
  assert.deepEqual(row("Kept weights"), ["1,095 of 10,952", "1,095 of 10,952", "1,095 of 10,952"]);
  assert.deepEqual(row("Image-steps to the checkpoint"), ["120", "120", "120"]);
  assert.deepEqual(row("Forward-equivalents to the checkpoint"), ["1,080", "1,080", "1,080"]);
  for (const title of ["Density (sparsity)", "Density by layer", "Multiply-adds an image", "File bytes"])
    assert.equal(row(title).length, 3, title);
  assert.equal(row("Clean").length, 5, "and two differences");
  const trained = statSync(join(out, "hydra-0.1-1", "final.safetensors")).mtimeMs;
  rmSync(join(out, "lwm-0.1-1.trained"));
  rmSync(join(out, "lwm-0.1-1.ndjson"));
  const again = run();
  assert.equal(again.status, 0, again.stderr);
  assert.equal(again.stdout, stdout);
  assert.equal(statSync(join(out, "hydra-0.1-1", "final.safetensors")).mtimeMs, trained);
  assert.equal(readFileSync(join(out, "tables.md"), "utf8"), stdout);
  const same = run({ LAYOUT: "same", PRUNED: "random" });
  assert.equal(same.status, 0, same.stderr);
  const [random, ours] = rowOf(same.stdout, "Density by layer");
  assert.equal(random, ours);
  assert.equal(run({ BUDGET: "hours" }).status, 2);
});

/** The cells of a row that are not empty. */
function rowOf(table: string, title: string): string[] {
  const line = table.split("\n").find((text) => text.startsWith(`| ${title} `)) ?? "";
  return line
    .split("|")
    .slice(2)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
}
