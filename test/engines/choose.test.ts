import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ResourceError, UsageError } from "../../src/core/errors.js";
import { chooseEngine, describeEngines } from "../../src/engines/choose.js";
import { describeFound } from "../../src/engines/tensorflow/description.js";
import { areHidden, areNamed, hasGraphicsCard, parseCards } from "../../src/engines/tensorflow/graphics-cards.js";
import { findInstallation } from "../../src/engines/tensorflow/installation.js";
import { readProbe } from "../../src/engines/tensorflow/probe.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { tensorflowSkip } from "../support/tensorflow-engine.js";

/** Runs `body` with these variables of the environment, undefined for absent ones. */
function withEnvironment<Result>(variables: Readonly<Record<string, string | undefined>>, body: () => Result): Result {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    return body();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

test("without a graphics card auto takes native and says why", () => {
  const { info } = withEnvironment({ CUDA_VISIBLE_DEVICES: "-1" }, () => chooseEngine({ engine: "auto", threads: 1 }));
  assert.deepEqual([info.name, info.reason], ["native", "CUDA_VISIBLE_DEVICES hides every graphics card"]);
  assert.equal(chooseEngine({ engine: "native", threads: 1 }).info.reason, "asked for");
});

test("an engine that is not installed is an error with the command that installs it", (t) => {
  withEnvironment({ SPARSE_ROBUST_TENSORFLOW: temporaryFolder(t) }, () => {
    if (findInstallation() !== null) return t.skip("npm has installed the package here");
    assert.throws(
      () => chooseEngine({ engine: "tensorflow" }),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /--engine tensorflow: it is not installed.*scripts\/install-tensorflow\.sh/);
        return true;
      },
    );
    assert.match(
      describeEngines(),
      /^tensorflow {2}not installed; install it with: "\/.*scripts\/install-tensorflow\.sh" \(with --cuda/m,
    );
  });
});

test("an installation is found by its addon, with the versions that the script wrote down", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "addon", "lib", "napi-v8"), { recursive: true });
  writeFileSync(join(folder, "addon", "lib", "napi-v8", "tfjs_binding.node"), "");
  writeFileSync(
    join(folder, "installed.json"),
    '{"tensorflow": "2.21.0", "cuda": "12.5.1", "cudnn": "9", "form": "cuda"}',
  );
  const found = withEnvironment({ SPARSE_ROBUST_TENSORFLOW: folder }, findInstallation);
  assert.deepEqual(found?.built, { tensorflow: "2.21.0", cuda: "12.5.1", cudnn: "9" });
  assert.equal(found?.addon, join(folder, "addon", "lib", "napi-v8", "tfjs_binding.node"));
});

test("versions in a damaged file are unknown, not a failure", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "addon", "lib", "napi-v8"), { recursive: true });
  writeFileSync(join(folder, "addon", "lib", "napi-v8", "tfjs_binding.node"), "");
  writeFileSync(join(folder, "installed.json"), '{"tensorflow');
  const found = withEnvironment({ SPARSE_ROBUST_TENSORFLOW: folder }, findInstallation);
  assert.deepEqual(found?.built, { tensorflow: "unknown", cuda: null, cudnn: null });
  const lines = withEnvironment({ SPARSE_ROBUST_TENSORFLOW: folder }, describeEngines);
  assert.match(lines, /^tensorflow {2}does not load: .*; install it anew with: /m);
});

test("the list of engines names each and what auto takes", () => {
  const lines = describeEngines().split("\n");
  assert.match(lines[0] ?? "", /^native {6}.+, \d+ threads?$/);
  assert.ok(lines.some((line) => line.startsWith("tensorflow  ")));
  assert.match(lines.at(-1) ?? "", /^auto {8}takes (native|tensorflow): ./);
});

test("a named graphics card that cannot be used is an error, no silent fall-back", {
  skip: tensorflowSkip || (hasGraphicsCard() ? "there is a graphics card" : false),
}, () => {
  withEnvironment({ CUDA_VISIBLE_DEVICES: "0" }, () => {
    assert.throws(
      () => chooseEngine({ engine: "tensorflow", threads: 2 }),
      (error: Error) => {
        assert.ok(error instanceof ResourceError);
        assert.match(error.message, /no graphics card can be used \(.+\); CUDA_VISIBLE_DEVICES=-1 asks for the CPU/);
        return true;
      },
    );
  });
  const { info } = withEnvironment({ CUDA_VISIBLE_DEVICES: "-1" }, () =>
    chooseEngine({ engine: "tensorflow", threads: 2 }),
  );
  assert.deepEqual([info.name, info.reason], ["tensorflow", "asked for"]);
});

test("CUDA_VISIBLE_DEVICES names cards or hides them all", () => {
  const of = (value: string | undefined) =>
    withEnvironment({ CUDA_VISIBLE_DEVICES: value }, () => [areNamed(), areHidden()]);
  assert.deepEqual([undefined, "", "-1", "0", "1,0", "GPU-2f"].map(of), [
    [false, false],
    [false, true],
    [false, true],
    [true, false],
    [true, false],
    [true, false],
  ]);
});

test("cards are read from the lines of NVIDIA's tool", () => {
  assert.deepEqual(parseCards("NVIDIA H200, 143771\nOld Card, [N/A]\n"), [
    { name: "NVIDIA H200", memoryBytes: 143771 * 2 ** 20 },
    { name: "Old Card", memoryBytes: null },
  ]);
  assert.deepEqual(parseCards(""), []);
});

test("what TensorFlow misses is read from its messages", () => {
  const messages = [
    "W0000 gpu_device.cc:2342] Could not load dynamic library 'libcudnn.so.9'; dlerror: no such file",
    "W0000 gpu_device.cc:2342] Could not load dynamic library 'libcublas.so.12'; dlerror: no such file",
    "W0000 gpu_device.cc:2365] Cannot dlopen some GPU libraries. Please make sure that they are there.",
  ].join("\n");
  assert.deepEqual(readProbe('{"version":"2.21.0","isGpu":false}\n', messages), {
    version: "2.21.0",
    isGpu: false,
    missing: ["libcudnn.so.9", "libcublas.so.12"],
    problem: "Cannot dlopen some GPU libraries",
  });
  const broken = readProbe(
    "",
    "Error: libtensorflow_cc.so.2: cannot open shared object file: No such file\n    at Module",
  );
  assert.deepEqual([broken.version, broken.missing], [null, ["libtensorflow_cc.so.2"]]);
});

test("an installation is told with its versions, cards, memory and what is missing", () => {
  const installation = { addon: "a", libraries: "l", built: { tensorflow: "2.21.0", cuda: "12.5.1", cudnn: "9" } };
  const cards = [{ name: "NVIDIA H200", memoryBytes: 140 * 2 ** 30 }];
  const probe = { version: "2.21.0", isGpu: true, missing: [], problem: null };
  assert.deepEqual(describeFound({ installation, probe, cards }), [
    "TensorFlow 2.21.0, CUDA 12.5.1, cuDNN 9; on a graphics card",
    "NVIDIA H200, 140.0 GiB",
  ]);
  const without = { ...probe, isGpu: false, missing: ["libcuda.so.1"], problem: "failed call to cuInit" };
  assert.deepEqual(describeFound({ installation, probe: without, cards: [] }), [
    "TensorFlow 2.21.0, CUDA 12.5.1, cuDNN 9; on the CPU",
    "libraries that were not found: libcuda.so.1",
    "failed call to cuInit",
  ]);
});

test("more threads than the machine runs at a time are taken, and said to be of no use", () => {
  const told: string[] = [];
  const choose = (threads: number) =>
    chooseEngine({ engine: "native", threads, announce: (line) => told.push(line) }).info.threads;
  assert.equal(choose(1), 1);
  assert.deepEqual(told, []);
  assert.equal(choose(1024), 1024);
  assert.match(told.join("\n"), /^--threads 1024: this machine runs \d+ at a time; more make nothing faster$/);
});
