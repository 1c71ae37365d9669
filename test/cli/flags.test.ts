import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "../../src/cli/flags.js";
import { helpText } from "../../src/cli/help.js";
import { optionTable } from "../../src/cli/option-table.js";
import { attackEval } from "../../src/commands/attack-eval.js";
import type { Command } from "../../src/commands/command.js";
import { flagName, type OptionTable } from "../../src/commands/options.js";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { toyCommand } from "../support/toy-command.js";

test("flags come by their config keys, files apart, `-` among them", () => {
  const line = parseCommandLine(toyCommand, ["--batch-size", "8", "--mode=fixed", "--resume", "-"]);
  assert.deepEqual(Object.fromEntries(line.flags), { batchSize: "8", mode: "fixed", resume: true });
  assert.deepEqual(line.positionals, ["-"]);
});

test("values stay text: a run id of digits, a number, a name after --", () => {
  const line = parseCommandLine(toyCommand, ["--out", "007", "--density=-1", "--", "--weird"]);
  assert.deepEqual(Object.fromEntries(line.flags), { out: "007", density: "-1" });
  assert.deepEqual(line.positionals, ["--weird"]);
});

test("the last of two counts, but --set collects", () => {
  const line = parseCommandLine(toyCommand, ["--density", "0.1", "--set", "a=1", "--density", "0.2", "--set", "b=2"]);
  assert.deepEqual(Object.fromEntries(line.flags), { density: "0.2", set: ["a=1", "b=2"] });
});

test("an unknown flag is refused with the nearest known one", () => {
  assert.throws(
    () => parseCommandLine(toyCommand, ["--densty", "1"]),
    /--densty: toy has no such flag; did you mean --density\?/,
  );
  assert.throws(
    () => parseCommandLine(toyCommand, ["--batchSize", "1"]),
    /--batchSize: toy has no such flag; did you mean --batch-size\?/,
  );
  assert.throws(() => parseCommandLine(toyCommand, ["--den", "1"]), /--den: .*; did you mean --density\?/);
  assert.throws(() => parseCommandLine(toyCommand, ["--no-resume"]), /--no-resume: toy has no such flag/);
  assert.throws(() => parseCommandLine(toyCommand, ["--plot", "a.svg"]), /--plot: not in this version yet/);
});

test("what another command calls it leads to what it is called here", () => {
  leads(sparseTrain, "method", /--method: sparse-train has no such flag; did you mean --mode\?$/);
  leads(sparseTrain, "samples", /did you mean --train-samples or --test-samples\?$/);
  leads(pruneHydra, "mode", /did you mean --method\?$/);
  leads(pruneHydra, "epochs", /did you mean --pretrain-epochs or --prune-epochs or --finetune-epochs\?$/);
  leads(pruneHydra, "state", /did you mean --resume\?$/);
  leads(attackEval, "test-samples", /did you mean --samples\?$/);
  leads(attackEval, "resume", /did you mean --state\?$/);
});

function leads<Table extends OptionTable>(command: Command<Table>, flag: string, message: RegExp): void {
  const own = Object.keys(command.options).map(flagName);
  for (const likely of command.namedHere?.[flag] ?? []) assert.ok(own.includes(likely), likely);
  assert.throws(() => parseCommandLine(command, [`--${flag}`, "1"]), message);
}

test("a flag without its value, and a file too many, are refused", () => {
  assert.throws(() => parseCommandLine(toyCommand, ["--density"]), /--density: needs a value, --density X/);
  assert.throws(() => parseCommandLine(toyCommand, ["--density", "--resume"]), /--density: needs a value/);
  assert.throws(() => parseCommandLine(toyCommand, ["--set"]), /--set: needs a value/);
  assert.throws(() => parseCommandLine(toyCommand, ["a", "b"]), /b: toy takes one file/);
});

test("a config key without a flag is no flag", () => {
  assert.throws(() => parseCommandLine(toyCommand, ["--layers", "x"]), /--layers: toy has no such flag/);
});

test("help names every flag once, with its argument and default, and no line is longer than 100", () => {
  const help = helpText(toyCommand);
  assert.match(help, /--density X +share of the weights \[0\.01\]/);
  assert.match(help, /--mode NAME +which rule: fixed, bayes \[bayes\]/);
  assert.match(help, /--out DIR +where to \[runs\/RUN\]/);
  assert.match(help, /Example:\n {2}toy --density 0\.1\n/);
  assert.match(help, /Standard output:\n {2}Nothing\.\n\nConfig:\n[\s\S]*\nExit codes:\n {2}0 +done\n/);
  assert.ok(help.split("\n").every((line) => line.length <= 100));
});

test("the README's table has a line an option", () => {
  const table = optionTable(toyCommand);
  assert.match(table, /^\| `--density X` \| share of the weights \| `0\.01` \|$/m);
  assert.match(table, /^\| `--out DIR` \| where to \| runs\/RUN \|$/m);
  assert.match(table, /^\| `--mode NAME` \| which rule: `fixed`, `bayes` \| `bayes` \|$/m);
});
