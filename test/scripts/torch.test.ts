/** Checkpoints to PyTorch and back, where a Python has it (SPARSE_ROBUST_PYTHON names another than python3). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { loadImages } from "../../src/data/catalog.js";
import { nativeEngine } from "../../src/engines/native.js";
import { numbersOf } from "../../src/formats/elements.js";
import { readNpy } from "../../src/formats/npy.js";
import { catalogModel } from "../../src/models/catalog.js";
import type { Network } from "../../src/models/network.js";
import { readNetworkFile, writeNetworkFile } from "../../src/models/network-file.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { everyLayer, networkOf, waveImages } from "../support/small-networks.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const PYTHON = process.env.SPARSE_ROBUST_PYTHON ?? "python3";
const hasTorch = spawnSync(PYTHON, ["-c", "import numpy, torch"]).status === 0;
const skip = hasTorch ? false : `${PYTHON} has no numpy and torch`;

const SCRIPTS = fileURLToPath(new URL("../../../scripts/", import.meta.url));
const engine = nativeEngine({ reason: "tests", threads: 1 });

test("a trained network that --export dense wrote gives PyTorch the same logits", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, "run");
  const flags = { data: "sample", model: "tinycnn", density: 0.1, trainSamples: 300, batchSize: 27, epochs: 2 };
  const { options, context } = await callOf(sparseTrain, { ...flags, attackSteps: 2, export: "dense", out });
  assert.equal(await sparseTrain.run(options, context), 0);
  const { pixels, labels } = await loadImages({ name: "sample", directory: null, split: "test", limit: 100 });
  const images = Float32Array.from(pixels, (byte) => byte / 255);
  const { network } = await readNetworkFile(join(out, "best.dense.safetensors"));
  writeFileSync(join(folder, "bytes.npy"), npyFile({ shape: [100, 32, 32, 1], bytes: Uint8Array.from(pixels) }));
  writeFileSync(join(folder, "labels.npy"), npyFile({ shape: [100], bytes: labels }));
  const found = ["best.dense", "best"].map((name) => {
    const call = [join(out, `${name}.safetensors`), "--images", "bytes.npy", "--labels", "labels.npy"];
    return python(folder, "load-in-torch.py", [...call, "--logits", `${name}.npy`]);
  });
  const logits = engine.infer(network).logits(images);
  for (const name of ["best.dense", "best"]) await assertLogits(join(folder, `${name}.npy`), logits);
  const right = labels.filter((label, i) => label === indexOfLargest(logits.subarray(10 * i, 10 * i + 10))).length;
  assert.match(found[0] ?? "", new RegExp(`1095 weights that are not 0, 10 classes\naccuracy ${right}/100 = `));
  assert.match(found[1] ?? "", new RegExp(`accuracy ${right}/100 = `));
});

/** A start of Python with PyTorch takes seconds, so the fewest that show every shape of block. */
const catalog = ["resnet50", "wrn28_2"] as const;
const networks: readonly (readonly [string, Network])[] = [
  ["every layer of the contract", everyLayer()],
  ...catalog.map((name) => {
    const model = catalogModel({ name, width: 0.125, input: [32, 32, 3], classes: 10 });
    return [name, networkOf(model)] as const;
  }),
];

for (const [name, network] of networks) {
  test(`${name}: to a state_dict and a graph and back, bit for bit, with PyTorch's logits on the way`, {
    skip,
  }, async (t) => {
    const folder = temporaryFolder(t);
    await writeNetworkFile(join(folder, "a.safetensors"), network, {}, { dense: true });
    const images = waveImages(3, network.input);
    writeFileSync(join(folder, "images.npy"), floatFile([3, ...network.input], images));
    const files = ["--state-dict", "a.pt", "--graph", "a.json", "--images", "images.npy", "--logits", "logits.npy"];
    const said = python(folder, "load-in-torch.py", ["a.safetensors", ...files]);
    assert.match(said, new RegExp(`--input ${network.input.join(",")}\n`));
    await assertLogits(join(folder, "logits.npy"), engine.infer(network).logits(images));
    python(folder, "export-from-torch.py", ["a.pt", "a.json", "b.safetensors", "--input", network.input.join(",")]);
    const back = await readNetworkFile(join(folder, "b.safetensors"));
    assert.deepEqual(back.network, (await readNetworkFile(join(folder, "a.safetensors"))).network);
  });
}

test("a file that is absent, no checkpoint or not in [0, 1] is refused in one line", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const network = everyLayer();
  await writeNetworkFile(join(folder, "a.safetensors"), network, {}, { dense: true });
  writeFileSync(join(folder, "no-checkpoint"), "{}");
  const images = waveImages(1, network.input).fill(255);
  writeFileSync(join(folder, "bytes.npy"), floatFile([1, ...network.input], images));
  const refused = (words: readonly string[]) => {
    const { status, stderr } = call(folder, "load-in-torch.py", words);
    assert.equal(status, 2);
    return stderr;
  };
  assert.equal(refused(["absent"]), "load-in-torch: absent: No such file or directory\n");
  assert.equal(refused(["no-checkpoint"]), "load-in-torch: no-checkpoint: is no checkpoint of sparse-robust\n");
  const found = refused(["a.safetensors", "--images", "bytes.npy"]);
  assert.equal(found, "load-in-torch: bytes.npy: expected bytes or numbers in [0, 1], found 255 to 255\n");
});

/** A network of PyTorch's own, wrapped as data-parallel training wraps it, its layers named by number. */
const SEQUENTIAL = `
import numpy, torch
from torch import nn
torch.manual_seed(3)
network = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
  nn.Conv2d(6, 8, 5, padding=2, bias=False), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(8 * 4, 5))
images = torch.rand(4, 3, 32, 32)
network(images * 3)
network.eval()
torch.save({"epoch": 3, "state_dict": nn.DataParallel(network).state_dict()}, "network.pt")
with torch.inference_mode(): numpy.save("logits.npy", network(images).numpy())
numpy.save("images.npy", images.permute(0, 2, 3, 1).contiguous().numpy())
`;

const sequentialGraph = [
  { name: "0", op: "conv", filters: 6, kernel: 3, stride: 2, padding: 1, bias: true },
  { name: "1", op: "batchnorm" },
  { name: "2", op: "relu" },
  { name: "3", op: "maxpool", size: 2 },
  { name: "conv2", op: "conv", filters: 8, kernel: 5, padding: 2 },
  { name: "5", op: "relu" },
  { name: "6", op: "avgpool", size: 4 },
  { name: "7", op: "flatten" },
  { name: "8", op: "dense", units: 5 },
];

test("a network of PyTorch's own becomes a checkpoint with its logits", { skip }, async (t) => {
  const folder = sequential(t, sequentialGraph);
  const call = ["network.pt", "graph.json", "out.safetensors", "--rename", "4=conv2", "--data", "cifar10"];
  python(folder, "export-from-torch.py", call);
  const { network, checkpoint } = await readNetworkFile(join(folder, "out.safetensors"));
  assert.deepEqual([checkpoint.classes, checkpoint.data?.name, checkpoint.method], [5, "cifar10", "imported"]);
  const { type, bytes } = await readNpy(join(folder, "images.npy"), () => {});
  await assertLogits(
    join(folder, "logits.npy"),
    engine.infer(network).logits(Float32Array.from(numbersOf(bytes, type))),
  );
});

const wrong: readonly (readonly [string, readonly object[], readonly string[], RegExp])[] = [
  [
    "a layer without its tensors",
    sequentialGraph,
    [],
    /no tensor conv2\.weight, which layer conv2 \(conv\) needs; left are 4\.weight/,
  ],
  [
    "a tensor without a layer",
    sequentialGraph.slice(0, 4),
    [],
    /the graph has no place for 4\.weight, 8\.weight, 8\.bias/,
  ],
  [
    "other widths",
    [{ ...sequentialGraph[0], filters: 7 }],
    [],
    /tensor 0\.weight is \[6, 3, 3, 3\]; layer 0 has 7 outputs/,
  ],
  [
    "images with other channels",
    sequentialGraph,
    ["--rename", "4=conv2", "--input", "32,32,1"],
    /tensor 0\.weight is \[6, 3, 3, 3\]: layer 0 takes 3 channels; give --input H,W,3,/,
  ],
  [
    "a bias that the graph does not name",
    [...sequentialGraph.slice(0, -1), { ...sequentialGraph.at(-1), bias: false }],
    ["--rename", "4=conv2"],
    /the graph has no place for 8\.bias; layers of PyTorch have a bias by default: give layer 8 "bias": true/,
  ],
  [
    "images of another size",
    sequentialGraph,
    ["--rename", "4=conv2", "--input", "16,16,3"],
    /tensor 8\.weight is .*: layer 8 takes \d+ numbers; of images of 16,16,3 it gets \d+; give --input H,W,C, .*\(32,32,3 would fit\)/,
  ],
  ["an input of two extents", sequentialGraph, ["--input", "32,32"], /--input 32,32: expected height,width,channels/],
];

test("what does not fit is refused with both names, and nothing is written", { skip }, (t) => {
  const folder = sequential(t, sequentialGraph);
  for (const [what, graph, more, message] of wrong) {
    writeFileSync(join(folder, "graph.json"), JSON.stringify(graph));
    const { status, stderr } = call(folder, "export-from-torch.py", [
      "network.pt",
      "graph.json",
      "out.safetensors",
      ...more,
    ]);
    assert.equal(status, 2, what);
    assert.match(stderr, message);
    assert.throws(() => readFileSync(join(folder, "out.safetensors")), /ENOENT/);
  }
});

test("a pickle that would run code is not run", { skip }, (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "graph.json"), "[]");
  const program = `import os, pickle\nclass A:\n  def __reduce__(self): return (os.mkdir, ("ran",))\npickle.dump({"w": A()}, open("a.pt", "wb"), 2)`;
  assert.equal(spawnSync(PYTHON, ["-c", program], { cwd: folder }).status, 0);
  const { status, stderr } = call(folder, "export-from-torch.py", ["a.pt", "graph.json", "out.safetensors"]);
  assert.equal(status, 2);
  assert.match(stderr, /a\.pt: cannot be read as a state_dict/);
  assert.throws(() => readFileSync(join(folder, "ran")), /ENOENT/);
});

function sequential(t: TestContext, graph: readonly object[]): string {
  const folder = temporaryFolder(t);
  const { status, stderr } = spawnSync(PYTHON, ["-c", SEQUENTIAL], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  writeFileSync(join(folder, "graph.json"), JSON.stringify(graph));
  return folder;
}

function call(cwd: string, script: string, words: readonly string[]) {
  return spawnSync(PYTHON, [SCRIPTS + script, ...words], { cwd, encoding: "utf8" });
}

function python(cwd: string, script: string, words: readonly string[]): string {
  const { status, stdout, stderr } = call(cwd, script, words);
  assert.equal(status, 0, stderr);
  return stdout;
}

function floatFile(shape: readonly number[], values: Float32Array): Buffer {
  return npyFile({ shape, descr: "<f4", bytes: new Uint8Array(values.buffer) });
}

async function assertLogits(path: string, logits: Float32Array): Promise<void> {
  const { type, bytes } = await readNpy(path, () => {});
  const found = numbersOf(bytes, type);
  assert.equal(found.length, logits.length);
  for (const [i, logit] of logits.entries())
    assert.ok(Math.abs((found[i] ?? Number.NaN) - logit) < 1e-5, `logit ${i}: ${found[i]} there, ${logit} here`);
}

function indexOfLargest(values: Float32Array): number {
  return values.indexOf(values.reduce((most, value) => Math.max(most, value)));
}
