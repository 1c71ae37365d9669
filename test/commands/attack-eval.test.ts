import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { attackEval } from "../../src/commands/attack-eval.js";
import { compare } from "../../src/commands/compare.js";
import { UsageError } from "../../src/core/errors.js";
import { writeCheckpoints } from "../support/case-checkpoints.js";
import { callOf } from "../support/command-context.js";
import { assertRecord } from "../support/record-schema.js";
import { temporaryFolder } from "../support/temporary-folder.js";

type Flags = Readonly<Record<string, unknown>>;
type Lines = readonly Readonly<Record<string, unknown>>[];

const base: Flags = { attacks: "pgd2", epsilon: 0.004, samples: 96, threads: 1 };

async function checkpoint(context: TestContext, name = "toy.safetensors"): Promise<string> {
  const folder = temporaryFolder(context);
  await writeCheckpoints(folder);
  return join(folder, name);
}

async function attack(path: string, flags: Flags): Promise<{ readonly lines: Lines; readonly code: number }> {
  const { options, context, lines } = await callOf(attackEval, flags);
  const code = await attackEval.run(options, { ...context, positionals: [path] });
  return { lines: lines(), code };
}

/** What a record says of the attack, without times and the path. */
function results(lines: Lines): readonly unknown[] {
  return lines
    .filter(({ type }) => type === "attack.result")
    .map(({ run: _run, time: _time, seconds: _seconds, checkpoint: _checkpoint, ...rest }) => rest);
}

/** Each option with another value alters what is recorded: an option that is accepted is read. */
const changes: readonly (readonly [string, unknown, Flags?])[] = [
  ["attacks", "fgsm"],
  ["epsilon", 0.008],
  ["epsilons", "0.004,0.008", { ...base, epsilon: null }],
  ["norm", "l2"],
  ["samples", 50],
  ["shard", "1/2"],
  ["restarts", 2],
  ["seed", 2],
];

for (const [key, value, own = base] of changes) {
  test(`--${key} ${String(value)} alters the results`, async (context) => {
    const path = await checkpoint(context);
    const { lines: before } = await attack(path, own);
    const { lines: after } = await attack(path, { ...own, [key]: value });
    assert.notDeepEqual(results(after), results(before));
  });
}

for (const flags of [{ batchSize: 7 }, { threads: 2 }, { engine: "native" }, { quiet: true }]) {
  test(`${JSON.stringify(flags)} alters no result`, async (context) => {
    const path = await checkpoint(context);
    const { lines: before } = await attack(path, base);
    const { lines: after } = await attack(path, { ...base, ...flags });
    assert.deepEqual(results(after), results(before));
  });
}

test("the first record is run.start, the last run.end, clean comes first, and all are records", async (context) => {
  const { lines, code } = await attack(await checkpoint(context), { ...base, attacks: "fgsm,clean,pgd2x1" });
  for (const line of lines) assertRecord(line);
  const kinds = lines.map(({ type, attack: recipe }) => (recipe === undefined ? type : Object(recipe).name));
  assert.deepEqual(kinds, ["run.start", "notice", "clean", "fgsm", "pgd2x1", "run.end"]);
  assert.equal(code, 0);
});

test("a record names the file by its digest and tells its size", async (context) => {
  const path = await checkpoint(context);
  const { lines } = await attack(path, base);
  const { checkpoint: told } = lines.find(({ type }) => type === "attack.result") ?? {};
  const { sha256, bytes, connections, weights } = Object(told);
  const file = readFileSync(path);
  assert.equal(sha256, createHash("sha256").update(file).digest("hex"));
  assert.equal(bytes, file.length);
  assert.deepEqual([connections, weights], [676, 676]);
});

test("an attack at another radius than that of the training is noticed", async (context) => {
  const path = await checkpoint(context);
  const codes = async (epsilon: string) => (await attack(path, { ...base, epsilon })).lines.map(({ code }) => code);
  assert.ok((await codes("4/255")).includes("epsilon-differs"));
  assert.ok(!(await codes("8/255")).includes("epsilon-differs"));
});

test("with a terminal for standard input and nothing else to work on, both commands say so", async () => {
  const terminal = () => ({ stream: Readable.from([]), isTerminal: true });
  const eval_ = await callOf(attackEval, {});
  await assert.rejects(attackEval.run(eval_.options, { ...eval_.context, stdin: terminal }), (error) => {
    return (
      error instanceof UsageError && /nothing to attack: give checkpoint files, or pipe records in/.test(error.message)
    );
  });
  const other = await callOf(compare, {});
  await assert.rejects(compare.run(other.options, { ...other.context, stdin: terminal }), (error) => {
    return (
      error instanceof UsageError && /nothing to compare: give record files, or pipe records in/.test(error.message)
    );
  });
});
