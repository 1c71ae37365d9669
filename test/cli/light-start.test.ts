/** What is loaded before a command does anything: help and the refusal of a flag wait for it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../src/", import.meta.url));
const COMMANDS = ["sparse-train", "attack-eval", "prune-hydra", "compare"].map((name) => `commands/${name}.js`);

/** Each takes 10 to 60 ms of processor time to load, half as long as Node.js itself to twice that. */
const HEAVY = ["zod", "yaml", "cli-progress", "@observablehq/plot", "linkedom", "pngjs", "tar-stream"];

test("help is printed without a package but yargs' parser", () => {
  for (const command of COMMANDS) {
    const { packages, files } = loadedBy(["cli/main.js", command]);
    assert.deepEqual(packages, ["yargs-parser"], `${command} loads ${files.join(", ")}`);
  }
});

test("help is printed without an engine, a data set or what a command does", () => {
  for (const command of COMMANDS) {
    const { files } = loadedBy(["cli/main.js", command]);
    const working = files.filter((file) => /^(engines|data)\/|\/run-|-run\.js$/.test(file));
    assert.deepEqual(working, []);
  }
});

test("the same walk from what compare does finds zod", () => {
  const { packages } = loadedBy(["commands/run-compare.js"]);
  assert.ok(HEAVY.some((name) => packages.includes(name)));
});

interface Loaded {
  /** Of other people, Node.js's own left out. */
  readonly packages: readonly string[];
  /** Below the program's folder. */
  readonly files: readonly string[];
}

/** All that is reached by static imports of the compiled files. */
function loadedBy(entries: readonly string[]): Loaded {
  const files = new Set(entries);
  const packages = new Set<string>();
  for (const file of files) {
    for (const [, specifier = ""] of readFileSync(join(PROGRAM, file), "utf8").matchAll(STATIC_IMPORT)) {
      if (specifier.startsWith(".")) files.add(join(dirname(file), specifier));
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    }
  }
  return { packages: [...packages].sort(), files: [...files] };
}

const STATIC_IMPORT = /^(?:import|export)\s(?:[\w\s{},*$]*\bfrom\s*)?"([^"]+)"/gm;
