/** scripts/build-addon.js with stand-ins for the tools that it calls: nothing is compiled here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ROOT } from "../support/case-runner.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = join(ROOT, "scripts", "build-addon.js");
const ALL = ["g++", "make", "python3"];

test("missing tools are named in one line with what brings them", { skip: process.platform === "win32" }, (context) => {
  const { status, stderr } = build(context, { tools: [] });
  assert.match(stderr, /^build-addon: the native engine needs a C\+\+ compiler and make and Python 3; .+\n$/);
  assert.equal(status, 1);
  const alone = build(context, { tools: ["make", "python3"] });
  assert.match(alone.stderr, /^build-addon: the native engine needs a C\+\+ compiler; .+\n$/);
});

test("a compiler that CXX names and that is not there is named", { skip: process.platform === "win32" }, (context) => {
  const { stderr } = build(context, { tools: ALL, env: { CXX: "no-such-compiler" } });
  assert.match(stderr, /needs a C\+\+ compiler \(CXX is no-such-compiler\); /);
});

test("an install as a dependency, or globally, goes on without the engine; a checkout's own does not", (context) => {
  const install = { npm_lifecycle_event: "install", npm_config_local_prefix: temporaryFolder(context) };
  assert.equal(build(context, { tools: [], env: install }).status, 0);
  assert.equal(build(context, { tools: [], env: { ...install, npm_config_global: "true" } }).status, 0);
  assert.equal(build(context, { tools: [], env: { ...install, npm_config_local_prefix: ROOT } }).status, 1);
  assert.equal(build(context, { tools: [], env: { ...install, npm_lifecycle_event: "build" } }).status, 1);
});

test("the headers beside the running Node are used where they are there, and further words go to node-gyp", (context) => {
  const { stdout, status } = build(context, { tools: ALL, words: ["--", "-Dtests=1"] });
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
  const native = join(ROOT, "native");
  assert.deepEqual(JSON.parse(stdout).words, ["rebuild", "-C", native, ...headers, "-j", "max", "--", "-Dtests=1"]);
  assert.equal(status, 7, "as node-gyp ended");
});

test("where g++ is missing another compiler is told to make", (context) => {
  const { stdout } = build(context, { tools: ["clang++", "make", "python3"] });
  assert.equal(JSON.parse(stdout).compiler, "clang++");
});

interface Build {
  /** All that is on the path. */
  readonly tools: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
}

function build(context: TestContext, { tools, env = {}, words = [] }: Build) {
  const folder = temporaryFolder(context);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of tools) {
    writeFileSync(join(bin, tool), "#!/bin/sh\nexit 0\n");
    chmodSync(join(bin, tool), 0o755);
  }
  const nodeGyp = join(folder, "node-gyp.cjs");
  const says = "console.log(JSON.stringify({ words: process.argv.slice(2), compiler: process.env.CXX }));";
  writeFileSync(nodeGyp, `${says} process.exitCode = 7;`);
  return spawnSync(process.execPath, [SCRIPT, ...words], {
    env: { PATH: bin, npm_config_node_gyp: nodeGyp, ...env },
    encoding: "utf8",
  });
}
