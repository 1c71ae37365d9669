/** The command lines in README and docs/ are ones that the commands take: a shell splits them, the commands' own parsers read them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { COMMAND_NAMES, commandName, withCommand } from "../src/cli/commands.js";
import { mergeConfig } from "../src/cli/config.js";
import { parseCommandLine } from "../src/cli/flags.js";
import { ROOT } from "./support/case-runner.js";
import { temporaryFolder } from "./support/temporary-folder.js";

const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name))];

for (const page of PAGES.filter((name) => name.endsWith(".md"))) {
  const blocks = shellBlocks(readFileSync(join(ROOT, page), "utf8"));
  if (blocks.length > 0) {
    test(`the commands in ${page} are taken as they are written`, async (context) => {
      for (const [name, ...words] of calls(context, blocks)) {
        const known = commandName(name ?? "");
        assert.ok(known !== null, name);
        await withCommand(known, async (command) => {
          const line = parseCommandLine(command, words);
          await mergeConfig(command, line.flags);
        });
      }
    });
  }
}

test("a documented command that there is not in this form would be seen", async (context) => {
  const [found = []] = calls(context, ["sparse-train --densty 0.1 \\\n  --out a > b # more"]);
  assert.deepEqual(found, ["sparse-train", "--densty", "0.1", "--out", "a"]);
  await withCommand("sparse-train", async (command) => {
    assert.throws(() => parseCommandLine(command, found.slice(1)), /did you mean "?--density/);
  });
});

/** Without lines that leave something to the reader ("…"), and those that call something else. */
function shellBlocks(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```(?:sh|bash)?\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => {
    const lines = block.replaceAll("\\\n", "").split("\n");
    const ours = lines.filter(
      (line) => COMMAND_NAMES.some((name) => line.startsWith(`${name} `)) && !line.includes("…"),
    );
    return ours.length === 0 ? [] : [ours.join("\n")];
  });
}

/** What each command is called with, by commands that only write that down. */
function calls(context: TestContext, blocks: readonly string[]): readonly (readonly string[])[] {
  const folder = temporaryFolder(context);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const written = join(folder, "calls");
  writeFileSync(written, "");
  // Each call in one write: those of a pipe run at once.
  for (const name of COMMAND_NAMES) {
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\n' "$(printf '%s\\t' ${name} "$@")" >>"${written}"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status, stderr } = spawnSync("bash", ["-e", "-c", blocks.join("\n")], { cwd: folder, env, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const lines = readFileSync(written, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => line.split("\t").slice(0, -1));
}
