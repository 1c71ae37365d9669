/** The completion scripts, asked by real shells. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAttacks } from "../../src/attacks/names.js";
import { COMMAND_NAMES, withCommand } from "../../src/cli/commands.js";
import { ATTACK_NAMES } from "../../src/cli/completed-commands.js";
import { completionScript } from "../../src/cli/completion.js";
import { flagsOf } from "../../src/cli/flags.js";
import { readPublished } from "../../src/report/published-files.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const inBash = await completionScript("bash");
const inZsh = await completionScript("zsh");

/** What bash offers for the last word. */
function offered(line: readonly string[], folder = process.cwd()): string[] {
  const ask = `${inBash}
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _sparse_robust
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-uc", ask, "bash", ...line], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter(Boolean);
}

test("bash completes the commands under the one name", () => {
  assert.deepEqual(offered(["sparse-robust", ""]), [...COMMAND_NAMES, "completion", "--help", "--version"]);
  assert.deepEqual(offered(["sparse-robust", "att"]), ["attack-eval"]);
  assert.deepEqual(offered(["sparse-robust", "completion", ""]), ["bash", "zsh"]);
});

test("bash completes every flag of every command, called by either name and by a path", async () => {
  for (const name of COMMAND_NAMES) {
    const flags = await withCommand(name, (command) => [...flagsOf(command).keys()].map((flag) => `--${flag}`));
    assert.deepEqual(offered([name, "--"]), flags);
    assert.deepEqual(offered(["sparse-robust", name, "--"]), flags);
    assert.deepEqual(offered([`/somewhere/else/${name}`, "--"]), flags);
  }
});

test("bash completes the values of a flag, after a blank and after =", () => {
  assert.deepEqual(offered(["compare", "--format", ""]), ["md", "csv", "json", "html", "latex"]);
  assert.deepEqual(offered(["compare", "--format", "=", "l"]), ["latex"]);
  assert.deepEqual(offered(["compare", "--format", "="]), ["md", "csv", "json", "html", "latex"]);
  assert.deepEqual(offered(["sparse-train", "--data", "s"]), ["svhn", "sample"]);
  assert.deepEqual(offered(["attack-eval", "--attacks", "fgsm,aa-"]), ["fgsm,aa-plus", "fgsm,aa-rand"]);
  assert.deepEqual(offered(["sparse-train", "--epochs", ""]), []);
});

test("bash completes the values of every option that has choices, as the option tables have them", async () => {
  let count = 0;
  for (const name of COMMAND_NAMES) {
    for (const [flag, { choices }] of await withCommand(name, flagsOf)) {
      if (choices === undefined) continue;
      assert.deepEqual(offered([name, `--${flag}`, ""]), choices, `${name} --${flag}`);
      count++;
    }
  }
  assert.ok(count > 20, `${count} options with choices`);
});

test("names that an option takes beside other things complete too", async () => {
  assert.deepEqual(offered(["prune-hydra", "--allocation", ""]), ["uniform", "erk", "budget-of"]);
  assert.deepEqual(offered(["compare", "--columns", "density,pgd"]), ["density,pgd10x1", "density,pgd50x1", "density,pgd50", "density,pgd100"]); // biome-ignore format: one line
  assert.deepEqual(offered(["compare", "--sort-by", "image"]), ["imageSteps"]);
  assert.deepEqual(offered(["compare", "--published", "poster,har"]), ["poster,harp"]);
  const records = await readPublished();
  const names = new Set(["all", ...records.flatMap(({ source, method }) => [source, method])]);
  assert.deepEqual(new Set(offered(["compare", "--published", ""])), names);
});

test("bash completes files and folders, names with a space among them", (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "runs of today"));
  writeFileSync(join(folder, "runs.ndjson"), "");
  assert.deepEqual(offered(["compare", "ru"], folder).sort(), ["runs of today", "runs.ndjson"]);
  assert.deepEqual(offered(["compare", "--baseline", "runs."], folder), ["runs.ndjson"]);
  assert.deepEqual(offered(["sparse-train", "--out", "ru"], folder), ["runs of today"]);
  assert.deepEqual(offered(["sparse-train", "ru"], folder), []);
});

test("the script for zsh has every flag, and zsh can read it", async (context) => {
  for (const name of COMMAND_NAMES) {
    const begin = inZsh.indexOf(`\n    ${name})`);
    const part = inZsh.slice(begin, inZsh.indexOf(";;", begin));
    for (const flag of await withCommand(name, (command) => flagsOf(command).keys()))
      assert.match(part, new RegExp(`'\\*?--${flag}(=?\\[)`));
  }
  const { error, status, stderr } = spawnSync("zsh", ["-n"], { input: inZsh, encoding: "utf8" });
  if (error !== undefined) return context.skip("zsh is not here");
  assert.equal(status, 0, stderr);
});

test("the attacks that are offered are attacks", () => {
  for (const name of ATTACK_NAMES) assert.doesNotThrow(() => parseAttacks({ names: [name] }));
});

test("a shell without a script is refused by name", async () => {
  await assert.rejects(completionScript("fish"), {
    name: "UsageError",
    message: /^completion: fish: there is no completion for this shell; bash and zsh have one/,
  });
});
