/** The workflows for GitHub Actions in docs/: read by GitHub's own parser, and what they run is there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "./support/case-runner.js";
import { temporaryFolder } from "./support/temporary-folder.js";

// The parser imports its schema as JSON without saying so, which Node.js refuses.
const asJson = `export const load = (url, context, next) =>
  next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);`;
register(`data:text/javascript,${encodeURIComponent(asJson)}`);
const { NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const FOLDER = join(ROOT, "docs", "workflows");
const names = readdirSync(FOLDER);
const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");

test("there are a gate, a GPU run, an attack in shards and the tests", () => {
  assert.deepEqual(names.sort(), ["gate.yml", "gpu.yml", "shards.yml", "tests.yml"]);
});

for (const name of names) {
  test(`${name} is a workflow by GitHub's schema, its expressions among it`, () => {
    assert.deepEqual(faults(name, read(name)), []);
  });

  test(`every step of ${name} runs one command, a script of ours where there is more to do`, () => {
    for (const line of commands(name)) {
      assert.doesNotMatch(line, /[\n;|&]/, "more than a command belongs into a script that the tests run");
      const [, script] = /^(?:change\/)?((?:scripts|bin)\/\S+)/.exec(line) ?? [];
      if (script === undefined) assert.ok(["npm ci", "npm test", "nvidia-smi"].includes(line), line);
      else accessSync(join(ROOT, script), constants.X_OK);
    }
  });
}

test("the parser finds a step that is none, and a name that no expression knows", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of the workflow's
  const text = "on: push\njobs:\n  a:\n    runs-on: b\n    steps:\n      - rum: x\n      - run: echo ${{ foo.bar }}\n";
  const found = faults("wrong.yml", text).join("\n");
  assert.match(found, /Unexpected value 'rum'/);
  assert.match(found, /Unrecognized named-value: 'foo'/);
});

test("the shards of the matrix are 1 to their number, as the commands count them", () => {
  const matrix = z.object({ strategy: z.object({ matrix: z.object({ shard: z.array(z.number()) }) }) });
  const { shard } = matrix.parse(workflow("shards.yml").jobs.attack).strategy.matrix;
  assert.deepEqual(
    shard,
    shard.map((_, i) => i + 1),
  );
});

test("the tests' workflow installs TensorFlow by the script, for CPUs, before it tests", () => {
  const ran = commands("tests.yml");
  const [install, run] = ["scripts/install-tensorflow.sh", "npm test"].map((line) => ran.indexOf(line));
  assert.ok(install !== undefined && run !== undefined && install >= 0 && install < run, ran.join("\n"));
});

test("an installation of TensorFlow that is named and not there fails the engine's tests, which otherwise skip", (context) => {
  const env = { ...process.env, SPARSE_ROBUST_TENSORFLOW: temporaryFolder(context), NODE_TEST_CONTEXT: undefined };
  const file = join(ROOT, "dist", "test", "support", "tensorflow-engine.js");
  const { status, stderr } = spawnSync(process.execPath, [file], { env, encoding: "utf8" });
  assert.match(stderr, /SPARSE_ROBUST_TENSORFLOW is .+: the tensorflow engine is not installed there/);
  assert.equal(status, 1);
});

function faults(name: string, content: string): string[] {
  const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

const workflowSchema = z.object({
  jobs: z.record(z.string(), z.looseObject({ steps: z.array(z.looseObject({ run: z.string().optional() })) })),
});

function workflow(name: string) {
  return workflowSchema.parse(parse(read(name)));
}

function commands(name: string): string[] {
  return Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
}
