/** The scripts of CI jobs, run as the workflows run them, on the sample with a network that is trained for a moment. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../support/case-runner.js";

const TRAIN = "--data sample --model tinycnn --density 0.1 --objective natural --epochs 2 --train-samples 900 --quiet";
const ATTACK = "--attacks fgsm,pgd50x1 --samples 100 --quiet";

/** Every test works in folders of this one; `trained` holds a network that has been trained and attacked whole. */
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sparse-robust-ci-"));
  assert.equal(run("ci-train.sh", ["trained"]).status, 0);
  assert.equal(run("ci-attack.sh", ["trained"]).status, 0);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("a training and an attack leave their records and the network", () => {
  assert.deepEqual(readdirSync(join(folder, "trained")).sort(), ["attack-1-of-1.ndjson", "run", "train.ndjson"]);
  assert.ok(existsSync(join(folder, "trained", "run", "best.safetensors")));
});

test("two shards give the table that one attack of all gives", () => {
  copy("trained", "sharded");
  rmSync(join(folder, "sharded", "attack-1-of-1.ndjson"));
  for (const shard of ["1/2", "2/2"]) assert.equal(run("ci-attack.sh", ["sharded", shard]).status, 0);
  const whole = run("ci-table.sh", ["trained"]);
  const merged = run("ci-table.sh", ["sharded"], { GITHUB_STEP_SUMMARY: join(folder, "summary.md") });
  assert.equal(merged.status, 0, merged.stderr);
  assert.match(merged.stdout, /PGD-50x1, ε 8\/255 .*\/100 \|/);
  assert.equal(merged.stdout, whole.stdout);
  assert.equal(read("sharded/table.md"), merged.stdout);
  assert.equal(read("summary.md").trim(), merged.stdout.trim());
  assert.match(read("sharded/report.html"), /^<!doctype html>/i);
});

test("a table with a shard missing is refused", () => {
  copy("trained", "half");
  rmSync(join(folder, "half", "attack-1-of-1.ndjson"));
  run("ci-attack.sh", ["half", "2/2"]);
  const { status, stderr } = run("ci-table.sh", ["half"]);
  assert.equal(status, 2);
  assert.match(stderr, /shard 1\/2 is missing; give all 2/);
});

test("a change that trains the same network passes the gate", () => {
  assert.equal(run("ci-train.sh", ["same"]).status, 0);
  assert.equal(run("ci-attack.sh", ["same"]).status, 0);
  const { status, stdout, stderr } = run("ci-gate.sh", ["trained", "same"]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^Both sides trained the same network, bit for bit\.\n/);
});

test("a change that makes the network worse fails the gate, with reasons, table, page and verdict", () => {
  assert.equal(run("ci-train.sh", ["worse"], { TRAIN: `${TRAIN} --learning-rate 0.0001` }).status, 0);
  assert.equal(run("ci-attack.sh", ["worse"]).status, 0);
  const { status, stdout, stderr } = run("ci-gate.sh", ["trained", "worse"]);
  assert.equal(status, 1);
  assert.match(stdout, /Gate failed: high\(difference\(pgd50x1\)\) < 0pp or clean < baseline - 2pp holds for 1 of 1/);
  assert.match(stderr, /compare: .*: true/);
  assert.equal(read("worse/table.md"), stdout);
  assert.match(read("worse/verdict.xml"), /<failure/);
  assert.match(read("worse/report.html"), /^<!doctype html>/i);
});

test("a gate of one's own decides, and one without results is no verdict", () => {
  copy("trained", "base");
  assert.equal(run("ci-train.sh", ["other"], { TRAIN: `${TRAIN} --seed 2` }).status, 0);
  const unattacked = run("ci-gate.sh", ["base", "other"]);
  assert.equal(unattacked.stderr, "ci-gate: other holds no results; ci-attack.sh makes them\n");
  assert.equal(unattacked.status, 2);
  assert.equal(run("ci-attack.sh", ["other"]).status, 0);
  assert.equal(run("ci-gate.sh", ["base", "other"], { GATE: "clean < 1%" }).status, 0);
  assert.equal(run("ci-gate.sh", ["base", "other"], { GATE: "clean < 100%" }).status, 1);
});

test("a training out of time fails with 130, and the job's next attempt ends in the same network", () => {
  const long = { TRAIN: TRAIN.replace("--epochs 2", "--epochs 8") };
  const stopped = run("ci-train.sh", ["stopped"], { ...long, MINUTES: "0.001" });
  assert.equal(stopped.status, 130);
  assert.match(stopped.stdout, /^::warning::out of time; the state is in stopped\/run/);
  assert.equal(run("ci-train.sh", ["stopped"], long).status, 0);
  assert.equal(run("ci-train.sh", ["unbroken"], long).status, 0);
  const network = (name: string) => readFileSync(join(folder, name, "run", "final.safetensors"));
  assert.ok(network("stopped").equals(network("unbroken")));
});

test("the commands of another checkout are used where they are named", () => {
  const { status, stderr } = run("ci-train.sh", ["nowhere"], { SPARSE_ROBUST_BIN: join(folder, "no-such-bin") });
  assert.equal(status, 127);
  assert.match(stderr, /no-such-bin\/sparse-train\.js: No such file or directory/);
});

function run(script: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const {
    GITHUB_STEP_SUMMARY: _summary,
    SPARSE_ROBUST_BIN: _bin,
    GATE: _gate,
    MINUTES: _minutes,
    ...others
  } = process.env;
  const env = { ...others, TRAIN, ATTACK, ...variables };
  return spawnSync(join(ROOT, "scripts", script), [...args], { cwd: folder, env, encoding: "utf8" });
}

function copy(from: string, to: string): void {
  cpSync(join(folder, from), join(folder, to), { recursive: true });
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}
