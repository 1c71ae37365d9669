/** The workflows' own steps, carried out here in their order as a runner does it, on the sample with small networks. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { findInstallation } from "../src/engines/tensorflow/installation.js";
import { ROOT } from "./support/case-runner.js";
import { temporaryFolder } from "./support/temporary-folder.js";
import { tensorflowSkip } from "./support/tensorflow-engine.js";

const TRAIN = "--data sample --model tinycnn --density 0.1 --objective natural --epochs 2 --train-samples 900 --quiet";
const ATTACK = "--attacks fgsm,pgd50x1 --samples 100 --quiet";

/** Steps that only a runner can do: what they bring is here already. */
const BROUGHT = ["npm ci", "nvidia-smi", "scripts/install-tensorflow.sh --cuda"];

/** What the conditions of steps come to here: nothing is in a cache, nothing is fetched, nothing has failed. */
const CONDITIONS = new Map([
  ["steps.measured.outputs.cache-hit != 'true'", true],
  ["inputs.fetch != 'none'", false],
]);

test("the gate's job trains and attacks both sides and writes table, page and summary", (context) => {
  const runner = makeRunner(context, ["change", "base"]);
  const ran = carryOut(runner, { workflow: "gate.yml", job: "gate", env: { TRAIN } });
  assert.equal(ran.length, 5, ran.join("\n"));
  assert.match(runner.summary(), /^Both sides trained the same network, bit for bit\.\n/);
  assert.match(runner.summary(), /\| Clean .*\| PGD-50x1, ε 8\/255 /s);
  const files = ["attack-1-of-1.ndjson", "report.html", "run", "table.md", "train.ndjson"];
  assert.deepEqual(readdirSync(join(runner.folder, "out", "change")).sort(), files);
});

test("the jobs of the attack in shards give one table of all images", (context) => {
  const runner = makeRunner(context, ["."]);
  const inputs = { train: TRAIN, attack: ATTACK };
  carryOut(runner, { workflow: "shards.yml", job: "train", inputs });
  for (const shard of [1, 2, 3, 4]) carryOut(runner, { workflow: "shards.yml", job: "attack", inputs, shard });
  carryOut(runner, { workflow: "shards.yml", job: "table", inputs });
  const names = readdirSync(join(runner.folder, "out")).filter((name) => name.startsWith("attack-"));
  assert.deepEqual(
    names.sort(),
    [1, 2, 3, 4].map((shard) => `attack-${shard}-of-4.ndjson`),
  );
  assert.match(runner.summary(), /PGD-50x1, ε 8\/255 .*\/100 \|/);
  assert.equal(readFileSync(join(runner.folder, "out", "table.md"), "utf8").trim(), runner.summary().trim());
});

test("the GPU job's steps run on the tensorflow engine", { skip: tensorflowSkip }, (context) => {
  const runner = makeRunner(context, ["."]);
  const ran = carryOut(runner, { workflow: "gpu.yml", job: "run", inputs: { train: TRAIN, attack: ATTACK } });
  assert.ok(ran.includes("bin/sparse-train.js --engines"));
  assert.match(runner.summary(), /PGD-50x1, ε 8\/255 .*\/100 \|/);
  const [start = ""] = readFileSync(join(runner.folder, "out", "train.ndjson"), "utf8").split("\n");
  assert.equal(JSON.parse(start).engine.name, "tensorflow");
});

interface Runner {
  readonly folder: string;
  readonly summary: () => string;
}

/** A workspace with this project checked out at each place. */
function makeRunner(context: TestContext, places: readonly string[]): Runner {
  const folder = temporaryFolder(context);
  for (const place of places) {
    mkdirSync(join(folder, place), { recursive: true });
    for (const name of ["scripts", "bin", "configs", "package.json"])
      symlinkSync(join(ROOT, name), join(folder, place, name));
  }
  writeFileSync(join(folder, "summary.md"), "");
  return { folder, summary: () => readFileSync(join(folder, "summary.md"), "utf8") };
}

interface Job {
  readonly workflow: string;
  readonly job: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Variables that the test has other values of. */
  readonly env?: Readonly<Record<string, string>>;
  readonly shard?: number;
}

const env = z.record(z.string(), z.coerce.string()).default({});
const step = z.looseObject({ run: z.string().optional(), if: z.string().optional(), env });
const matrix = z.object({ matrix: z.record(z.string(), z.array(z.unknown())) });
const workflowSchema = z.looseObject({
  env,
  jobs: z.record(z.string(), z.looseObject({ strategy: matrix.optional(), env, steps: z.array(step) })),
});

/** Runs the job's commands, of which none may fail; gives them. */
function carryOut(runner: Runner, { workflow, job: name, inputs = {}, env = {}, shard }: Job): readonly string[] {
  const read = workflowSchema.parse(parse(readFileSync(join(ROOT, "docs", "workflows", workflow), "utf8")));
  const job = read.jobs[name];
  assert.ok(job !== undefined);
  const values = new Map([
    ["github.workspace", runner.folder],
    ["matrix.shard", String(shard)],
    ["strategy.job-total", String(job.strategy?.matrix.shard?.length)],
    ...Object.entries(inputs).map(([key, value]) => [`inputs.${key}`, value] as const),
  ]);
  const steps = job.steps.filter((step) => step.run !== undefined && isDone(step.if) && !BROUGHT.includes(step.run));
  return steps.map(({ run = "", env: own }) => {
    const variables = evaluated({ ...read.env, ...job.env, ...own }, values);
    const { status, stderr } = spawnSync("bash", ["-e", "-c", run], {
      cwd: runner.folder,
      env: { ...surroundings(runner), ...variables, ...installed(variables), ...env },
      encoding: "utf8",
    });
    assert.equal(status, 0, `${run}\n${stderr}`);
    return run;
  });
}

function isDone(condition: string | undefined): boolean {
  const found = condition === undefined ? true : CONDITIONS.get(condition);
  assert.ok(found !== undefined, `what does ${condition} come to?`);
  return found;
}

function evaluated(variables: Readonly<Record<string, string>>, values: ReadonlyMap<string, string>) {
  const pairs = Object.entries(variables).map(([name, text]) => {
    const value = text.replaceAll(/\$\{\{ (\S+) \}\}/g, (_, key: string) => {
      const found = values.get(key);
      assert.ok(found !== undefined, `${name}: what is ${key}?`);
      return found;
    });
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function surroundings({ folder }: Runner) {
  const { SPARSE_ROBUST_BIN: _bin, SPARSE_ROBUST_DATA: _data, GATE: _gate, MINUTES: _minutes, ...rest } = process.env;
  return { ...rest, GITHUB_STEP_SUMMARY: join(folder, "summary.md"), CUDA_VISIBLE_DEVICES: "-1" };
}

/** Where a workflow names a folder for TensorFlow, this machine's. */
function installed(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found = findInstallation();
  if (found === null || variables.SPARSE_ROBUST_TENSORFLOW === undefined) return {};
  return { SPARSE_ROBUST_TENSORFLOW: join(found.addon, "..", "..", "..", "..") };
}
