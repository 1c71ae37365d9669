/** Folders of src/ import one way only, and what is tied to a machine or a library stays in its own folder. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** A file imports from folders in earlier rows and from its own; folders of one row do not import each other. */
const ORDER = [
  ["core"],
  ["formats"],
  ["records"],
  ["models", "stats", "losses"],
  ["engines"],
  ["data"],
  ["attacks", "sparsity"],
  ["training"],
  ["pruning"],
  ["report"],
  ["commands"],
  ["cli"],
  // The commands as functions, and what a program may import.
  ["library"],
  ["index.ts"],
];

/** What only one folder may name. */
const RESERVED = [
  { what: "the addon", pattern: /native\/build|["'`/][\w-]*\.node["'`]/, folder: "engines" },
  { what: "a TensorFlow package", pattern: /@tensorflow\//, folder: "engines" },
  { what: "yargs", pattern: /["']yargs(-parser)?(\/[\w-]+)?["']/, folder: "cli" },
  { what: "cli-progress", pattern: /["']cli-progress["']/, folder: "cli" },
  {
    what: "the process's streams or exit code",
    pattern: /\bprocess\.(std(in|out|err)|exit|exitCode)\b/,
    folder: "cli",
  },
  { what: "JavaScript's own random numbers", pattern: /\bMath\.random\b/, folder: "none" },
];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("an import points to a folder further left, or to its own", () => {
  const wrong = sources().flatMap((file) =>
    relativeImports(file)
      .filter((target) => !isAllowed(folderOf(file.name), folderOf(target)))
      .map((target) => `${file.name} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test("an import of this check's own examples would be seen", () => {
  assert.ok(isAllowed("attacks", "losses"));
  assert.ok(isAllowed("index.ts", "library"));
  assert.ok(!isAllowed("losses", "attacks"));
  assert.ok(!isAllowed("attacks", "sparsity"));
  assert.ok(!isAllowed("commands", "cli"));
  const text =
    'import { a } from "../b.js";\nexport type { c } from "./d.js";\nconst e = await import("../f/g.js");\nimport "h";';
  assert.deepEqual(relativeImports({ name: "x/y.ts", text }), ["b.ts", "x/d.ts", "f/g.ts"]);
});

test("every folder of src has its place in the order", () => {
  const known = ORDER.flat();
  const unknown = new Set(
    sources()
      .map((file) => folderOf(file.name))
      .filter((folder) => !known.includes(folder)),
  );
  assert.deepEqual([...unknown], []);
});

for (const { what, pattern, folder } of RESERVED) {
  test(`${folder === "none" ? "no file" : `only ${folder}/`} names ${what}`, () => {
    const wrong = sources().filter((file) => folderOf(file.name) !== folder && pattern.test(file.text));
    assert.deepEqual(
      wrong.map((file) => file.name),
      [],
    );
  });
}

interface Source {
  /** Below src/, with slashes. */
  readonly name: string;
  readonly text: string;
}

function sources(): Source[] {
  const names = readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  assert.ok(names.length > 0, "src has no TypeScript file");
  return names.map((name) => ({ name: name.replaceAll("\\", "/"), text: readFileSync(`${ROOT}src/${name}`, "utf8") }));
}

/** Files below src/ that this one imports, by `from "…"`, `import "…"` or `import("…")`. */
function relativeImports({ name, text }: Source): string[] {
  const specifiers = [...text.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
  return specifiers
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(dirname(name), specifier).replace(/\.js$/, ".ts"));
}

function folderOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function isAllowed(from: string, to: string): boolean {
  return from === to || row(to) < row(from);
}

function row(folder: string): number {
  const index = ORDER.findIndex((folders) => folders.includes(folder));
  return index < 0 ? Number.NaN : index;
}
