/** What `npm pack` would publish, and that laid out as an install does it, the native engine left unbuilt. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { ROOT } from "./support/case-runner.js";
import { temporaryFolder } from "./support/temporary-folder.js";

const packResult = z.object({ files: z.array(z.object({ path: z.string() })), unpackedSize: z.number() });

const library = readFileSync(join(ROOT, "docs", "library.md"), "utf8");
const packed = packedFiles();
const listed = packed?.files.map(({ path }) => path) ?? [];
const skip = packed === null ? "npm is not here" : false;

test("the package holds what runs, builds and describes it", { skip }, () => {
  const wanted = [
    ...["sparse-train", "attack-eval", "prune-hydra", "compare", "sparse-robust"].map((name) => `bin/${name}.js`),
    ...[
      "bin/package.json",
      "native/binding.gyp",
      "data/train-images-idx3-ubyte.gz",
      "data/LICENSE",
      "LICENSE",
      "README.md",
    ],
    ...["build-addon.js", "install-tensorflow.sh", "ci-train.sh", "ci-attack.sh", "ci-table.sh", "ci-gate.sh"].map(
      (name) => `scripts/${name}`,
    ),
    ...["configs/sample-tinycnn-trades-s90.yaml", "configs/published/hydra.ndjson"],
  ];
  assert.deepEqual(wanted.filter(isMissing), []);
});

test("every file that the manifest names is in the package", { skip }, () => {
  const { bin, exports } = manifest.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  const exported = Object.values(exports).flatMap((at) => (typeof at === "string" ? [at] : Object.values(at)));
  const named = [...Object.values(bin), ...exported].map((path) => path.replace(/^\.\//, ""));
  assert.deepEqual(named.filter(isMissing), []);
});

const manifest = z.object({
  bin: z.record(z.string(), z.string()),
  exports: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())])),
});

test("the native sources in the package include no file that is not", { skip }, () => {
  const sources = listed.filter((path) => /^native\/.*\.(cc|h)$/.test(path));
  const included = sources.flatMap((path) =>
    [...readFileSync(join(ROOT, path), "utf8").matchAll(/^#include "([^"]+)"/gm)].map(
      ([, file = ""]) => `native/${file}`,
    ),
  );
  assert.ok(included.length > 0);
  assert.deepEqual([...new Set(included)].filter(isMissing), []);
});

test("the package holds no test, no TypeScript source, no build and no picture", { skip }, () => {
  const superfluous = /(^|\/)(test|docs|runs|node_modules)\/|native\/build|(?<!\.d)\.ts$|\.(node|o|svg|tgz)$/;
  assert.deepEqual(
    listed.filter((path) => superfluous.test(path)),
    [],
  );
  const bytes = packed?.unpackedSize ?? 0;
  assert.ok(bytes < 6e6, `${bytes} bytes`);
});

test("without the native engine compare works, and what needs it names the line that builds it", {
  skip,
}, (context) => {
  const { project, run } = install(context);
  assert.equal(run("sparse-robust", ["compare", "--version"]).status, 0);
  const train = ["--data", "sample", "--model", "tinycnn", "--epochs", "1", "--train-samples", "300", "--out", "run"];
  const { status, stderr } = run("sparse-train", train);
  const build = join(project, "node_modules", "sparse-robust", "scripts", "build-addon.js");
  const line = `the native engine is not built; this builds it, given Python 3, make and a C++ compiler: node "${build}"`;
  assert.equal(stderr, `sparse-train: ${line}\n`);
  assert.equal(status, 3);
});

test("a program in TypeScript gets types, with no other package and every library checked", { skip }, (context) => {
  const { project } = install(context);
  const { status, stdout } = typeCheck(project, [
    'import { attack, type CompareOutcome, compare, prune, type StreamRecord, train } from "sparse-robust";',
    'const trained = await train({ data: "sample", density: 0.1, epsilon: "8/255", trainSamples: "1k", out: "runs/a" });',
    'const pruned: readonly StreamRecord[] = await prune({ objective: "trades" }, { network: trained });',
    'const results = await attack([...trained, ...pruned], { attacks: { fgsm: null }, epsilons: [0.01, "8/255"] });',
    'for (const record of results) if (record.type === "attack.result") record.accuracy.toFixed(1);',
    'const outcome: CompareOutcome = await compare(results, { baseline: "hydra", failIf: "fgsm < baseline" });',
    "if (!outcome.passed) throw new Error(outcome.text);",
  ]);
  assert.equal(stdout, "");
  assert.equal(status, 0);
});

test("the programs in docs/library.md are in keeping with the types", { skip }, (context) => {
  const programs = [...library.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program = ""]) => program);
  assert.ok(programs.length >= 2);
  const { project } = install(context);
  // As modules of their own: names in one are not those of another.
  for (const program of programs) assert.equal(typeCheck(project, ["export {};", program]).stdout, "");
});

test("docs/library.md names every function and error that the package exports", async () => {
  const named = new Set([...library.matchAll(/`(\w+)[`(]/g)].map(([, name]) => name));
  const exported = Object.keys(await import("../src/index.js"));
  assert.ok(exported.length > 10);
  assert.deepEqual(
    exported.filter((name) => !named.has(name)),
    [],
  );
});

test("the types refuse an option or a value that the commands refuse", { skip }, (context) => {
  const { project } = install(context);
  const { stdout } = typeCheck(project, [
    'import { attack, train } from "sparse-robust";',
    "train({ densty: 0.1 });",
    'train({ mode: "bayesian" });',
    'attack("a.safetensors", { printConfig: true });',
    "attack();",
  ]);
  const lines = [...stdout.matchAll(/^use\.ts\((\d+),/gm)].map(([, line]) => Number(line));
  assert.deepEqual(lines, [2, 3, 4, 5]);
});

function isMissing(path: string): boolean {
  return !listed.includes(path);
}

interface Project {
  readonly project: string;
  readonly run: (
    command: string,
    args: readonly string[],
  ) => { readonly status: number | null; readonly stderr: string };
}

/** The package below a path with a blank, the packages that it depends on beside it. */
function install(context: TestContext): Project {
  const project = join(temporaryFolder(context), "a project");
  const target = join(project, "node_modules", "sparse-robust");
  for (const path of listed) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(ROOT, path), join(target, path));
  }
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".") && name !== "@types" && name !== "sparse-robust")
      symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name));
  }
  const run: Project["run"] = (command, args) => {
    const program = join(target, "bin", `${command}.js`);
    return spawnSync(process.execPath, [program, ...args], { cwd: project, encoding: "utf8" });
  };
  return { project, run };
}

/** `lines` as use.ts, compiled as strictly as can be, without Node's types. */
function typeCheck(project: string, lines: readonly string[]) {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
  const compilerOptions = { ...strict, target: "es2023", module: "nodenext", lib: ["es2023", "dom"], types: [] };
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  writeFileSync(join(project, "use.ts"), lines.join("\n"));
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  return spawnSync(process.execPath, [compiler, "-p", "."], { cwd: project, encoding: "utf8" });
}

function packedFiles() {
  const { stdout, error } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (error !== undefined) return null;
  const [first] = z.array(packResult).parse(JSON.parse(stdout));
  return first ?? null;
}
