/** scripts/install-tensorflow.sh: what it refuses before it fetches anything, and what it says where it cannot fetch. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ROOT } from "../support/case-runner.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = join(ROOT, "scripts", "install-tensorflow.sh");
const skip = process.platform === "linux" ? false : "TensorFlow's library is installed on Linux only";

/** All that the script calls; the rest of the machine is out of its sight. */
const TOOLS = [
  ...["bash", "dirname", "cut", "sort", "head", "tail", "sed", "mkdir", "mktemp", "rm", "mv", "cat", "du", "tar"],
  ...["uname", "getconf", "node", "npm", "make", "g++", "python3"],
];

/** Of every version that is wanted, with pip. */
const PYTHON = "#!/bin/sh\nexit 0\n";

/** The same with a pip that reaches no index. */
const NOTHING_FETCHED =
  '#!/bin/sh\ncase "$*" in *" download "*) echo "ERROR: no network" >&2; exit 1 ;; esac\nexit 0\n';

/** Loads every addon. */
const LOADS = `#!/bin/sh\ncase "$2" in *TF_Version*) exit 0 ;; esac\nexec "${process.execPath}" "$@"\n`;

/** A shell script in the place of a tool. */
const says = (text: string) => `#!/bin/sh\necho "${text}"\n`;

const REFUSED: readonly { readonly what: string; readonly install: Install; readonly message: string }[] = [
  {
    what: "another system",
    install: { instead: { uname: says("Darwin") } },
    message: "TensorFlow's library is taken from its Linux packages; this is Darwin",
  },
  {
    what: "another processor",
    install: { instead: { uname: '#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || echo Linux\n' } },
    message: "TensorFlow is built for x86_64 and aarch64; this is riscv64",
  },
  {
    what: "CUDA on aarch64",
    install: { instead: { uname: '#!/bin/sh\n[ "$1" = -m ] && echo aarch64 || echo Linux\n' }, words: ["--cuda"] },
    message: "on aarch64 there is no TensorFlow with CUDA; leave out --cuda",
  },
  {
    what: "an old glibc",
    install: { instead: { getconf: says("glibc 2.26") } },
    message: "TensorFlow needs glibc 2.27 or later; this is 2.26",
  },
  {
    what: "another C library",
    install: { instead: { getconf: "#!/bin/sh\nexit 1\n" } },
    message: "TensorFlow needs glibc 2.27 or later; this system has another C library",
  },
  {
    what: "no Node",
    install: { without: ["node"] },
    message: "node was not found; Node 20.19 to 22 is wanted",
  },
  {
    what: "an old Node",
    install: { instead: { node: '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.8\nexit 1\n' } },
    message: "this is Node v18.20.8; TensorFlow's addon wants Node 20.19 to 22",
  },
  { what: "no npm", install: { without: ["npm"] }, message: "npm was not found; it comes with Node" },
  {
    what: "no make",
    install: { without: ["make"] },
    message: "make was not found; the addon is compiled here (Debian: apt-get install build-essential)",
  },
  {
    what: "no compiler",
    install: { without: ["g++"] },
    message: "g++ was not found; the addon is compiled here (Debian: apt-get install build-essential)",
  },
  {
    what: "no Python",
    install: { without: ["python3"] },
    message: "python3 was not found; Python 3.10 or later with pip fetches TensorFlow (PYTHON names another)",
  },
  {
    what: "an old Python",
    install: { instead: { python3: '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n' } },
    message: "this is Python 3.9.2; 3.10 or later is wanted (PYTHON names another)",
  },
  {
    what: "a Python without pip",
    install: { instead: { python3: '#!/bin/sh\n[ "$1" = -m ] && exit 1\nexit 0\n' } },
    message: "python3 has no pip (Debian: apt-get install python3-pip)",
  },
  {
    what: "an option that there is not",
    install: { words: ["--gpu"] },
    message: "there is no option --gpu; --cuda and --help are all there is",
  },
];

for (const { what, install, message } of REFUSED) {
  test(`${what} is refused in one line, and nothing is written`, { skip }, (context) => {
    const { status, stderr, target } = run(context, install);
    assert.equal(stderr, `install-tensorflow: ${message}\n`);
    assert.equal(status, 1);
    assert.ok(!existsSync(target));
  });
}

test("what is installed already and loads is kept, and said with how to undo it", { skip }, (context) => {
  const installed = { form: "cpu", tensorflow: "2.21.0", cuda: null, cudnn: null, node: process.arch };
  const { status, stderr, target } = run(context, { installed, instead: { node: LOADS } });
  assert.equal(
    stderr,
    `install-tensorflow: TensorFlow 2.21.0 (cpu) is in ${target} already; delete that folder to undo it\n`,
  );
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(target), ["installed.json"]);
});

test("what is installed and does not load, or is damaged, is fetched anew", { skip }, (context) => {
  const installed = { form: "cpu", tensorflow: "2.21.0", cuda: null, cudnn: null, node: process.arch };
  const broken = run(context, { installed, instead: { python3: NOTHING_FETCHED } });
  assert.match(broken.stderr, /^install-tensorflow: TensorFlow 2\.21\.0 \(cpu\) in .* does not load\n/);
  assert.match(
    broken.stderr,
    /^install-tensorflow: replacing what is in .*\ninstall-tensorflow: fetching tensorflow-cpu/m,
  );
  const damaged = run(context, { installed: '{ "form"', instead: { python3: NOTHING_FETCHED } });
  assert.match(
    damaged.stderr,
    /^install-tensorflow: replacing what is in .*\ninstall-tensorflow: fetching tensorflow-cpu/,
  );
});

test("where pip can fetch nothing its reason is shown, and what was there stays", { skip }, (context) => {
  const installed = { form: "cpu", tensorflow: "2.9.0", cuda: null, cudnn: null, node: process.arch };
  const variables = { TENSORFLOW_VERSION: "2.21.0" };
  const { status, stderr, target } = run(context, { instead: { python3: NOTHING_FETCHED }, installed, variables });
  assert.match(
    stderr,
    /^ERROR: no network\ninstall-tensorflow: pip could not fetch tensorflow-cpu for .*; see above$/m,
  );
  assert.equal(status, 1);
  assert.deepEqual(readdirSync(target), ["installed.json"]);
});

test("a folder that cannot be written is named with the variable that names another", { skip }, (context) => {
  const file = join(temporaryFolder(context), "a-file");
  writeFileSync(file, "");
  const { status, stderr } = run(context, { variables: { SPARSE_ROBUST_TENSORFLOW: join(file, "below") } });
  assert.match(stderr, /^install-tensorflow: .*a-file\/below cannot be written; set SPARSE_ROBUST_TENSORFLOW to .*\n$/);
  assert.equal(status, 1);
});

interface Install {
  readonly words?: readonly string[];
  readonly without?: readonly string[];
  readonly instead?: Readonly<Record<string, string>>;
  /** What an earlier call is said to have installed. */
  readonly installed?: Readonly<Record<string, unknown>> | string;
  readonly variables?: Readonly<Record<string, string>>;
}

function run(context: TestContext, { words = [], without = [], instead = {}, installed, variables = {} }: Install) {
  const folder = temporaryFolder(context);
  const [bin, target] = [join(folder, "bin"), join(folder, "tensorflow")];
  mkdirSync(bin);
  for (const name of TOOLS.filter((name) => !without.includes(name)))
    place(join(bin, name), name, { python3: PYTHON, ...instead }[name]);
  if (installed !== undefined) {
    mkdirSync(target);
    writeFileSync(
      join(target, "installed.json"),
      typeof installed === "string" ? installed : JSON.stringify(installed),
    );
  }
  const env = { PATH: bin, HOME: folder, SPARSE_ROBUST_TENSORFLOW: target, ...variables };
  const { status, stderr } = spawnSync(join(bin, "bash"), [SCRIPT, ...words], { env, encoding: "utf8" });
  return { status, stderr, target };
}

/** The machine's own tool, or a stand-in. */
function place(path: string, name: string, script: string | undefined): void {
  if (script === undefined) {
    symlinkSync(whereIs(name), path);
  } else {
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  }
}

function whereIs(name: string): string {
  const folders = (process.env.PATH ?? "").split(":");
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  assert.ok(found !== undefined, `${name} is not here`);
  return found;
}
