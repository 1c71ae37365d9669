// Builds the native engine with the node-gyp that npm brings, against the headers beside the running Node where they are
// there (else node-gyp fetches them). `npm ci` runs it; by hand: `npm run install`, or this file with options for node-gyp.
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const native = join(root, "native");
const prefix = dirname(dirname(process.execPath));

const compiler = findCompiler();
const nodeGyp = findNodeGyp();
const missing = process.platform === "win32" ? [] : missingTools();
if (missing.length > 0) {
  console.error(`build-addon: the native engine needs ${missing.join(" and ")}; ${howToInstall()}`);
  // Where sparse-robust is one package of several the others are installed all the same; the first command says what is missing.
  process.exitCode = isDependency() ? 0 : 1;
} else if (nodeGyp === undefined) {
  console.error("build-addon: found no node-gyp; run it by npm: npm run install");
  process.exitCode = 1;
} else {
  const headers = existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
  const options = ["rebuild", "-C", native, ...headers, "-j", "max", ...process.argv.slice(2)];
  const env = compiler === undefined ? process.env : { ...process.env, CXX: compiler };
  const build = spawnSync(process.execPath, [nodeGyp, ...options], { stdio: "inherit", env });
  process.exitCode = build.status ?? 1;
}

/** make's own default is g++ alone. */
function findCompiler() {
  const named = process.env.CXX;
  return (named ? [named] : ["g++", "c++", "clang++"]).find(runs);
}

/** npm names its node-gyp to the scripts that it runs; by hand it is looked up beside the running Node, and where Debian has it. */
function findNodeGyp() {
  const beside = join("node_modules", "npm", "node_modules", "node-gyp", "bin", "node-gyp.js");
  const places = [
    process.env.npm_config_node_gyp,
    join(prefix, "lib", beside),
    join(dirname(process.execPath), beside),
    join(prefix, "share", "nodejs", "node-gyp", "bin", "node-gyp.js"),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

function missingTools() {
  const pythons = [process.env.npm_config_python, process.env.PYTHON, "python3", "python"];
  const tools = [
    {
      name: process.env.CXX ? `a C++ compiler (CXX is ${process.env.CXX})` : "a C++ compiler",
      found: compiler !== undefined,
    },
    { name: "make", found: ["make", "gmake"].some(runs) },
    { name: "Python 3", found: pythons.some((python) => python && runs(python)) },
  ];
  return tools.filter(({ found }) => !found).map(({ name }) => name);
}

function runs(command) {
  return spawnSync(`${command} --version`, { shell: true, stdio: "ignore" }).status === 0;
}

function howToInstall() {
  if (process.platform === "darwin") return "xcode-select --install brings it";
  const managers = [
    { file: "/sbin/apk", line: "apk add g++ make python3" },
    { file: "/usr/bin/dnf", line: "dnf install gcc-c++ make python3" },
    { file: "/usr/bin/apt-get", line: "apt-get install g++ make python3" },
  ];
  const line = managers.find(({ file }) => existsSync(file))?.line;
  return line === undefined ? "install it and build again" : `${line} brings it`;
}

/** Whether npm installs this package for another one, or globally, as opposed to a checkout's own `npm ci` or a call by hand. */
function isDependency() {
  if (process.env.npm_lifecycle_event !== "install") return false;
  const project = process.env.npm_config_local_prefix ?? root;
  return process.env.npm_config_global === "true" || realpathSync(project) !== realpathSync(root);
}
