/** Checkpoints in the layout of HYDRA's authors, made up here, where a Python has PyTorch (SPARSE_ROBUST_PYTHON names another). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { nativeEngine } from "../../src/engines/native.js";
import { numbersOf } from "../../src/formats/elements.js";
import { readNpy } from "../../src/formats/npy.js";
import { catalogModel } from "../../src/models/catalog.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { parameterShapes, weightLayers } from "../../src/models/shapes.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const PYTHON = process.env.SPARSE_ROBUST_PYTHON ?? "python3";
const hasTorch = spawnSync(PYTHON, ["-c", "import numpy, torch"]).status === 0;
const skip = hasTorch ? false : `${PYTHON} has no numpy and torch`;

const SCRIPT = fileURLToPath(new URL("../../../scripts/import-hydra.py", import.meta.url));
const engine = nativeEngine({ reason: "tests", threads: 1 });

/** Networks as functions of tensors under the authors' names; a masked kernel is the weight times its scores' mask. */
const LAYOUT = `
import collections, sys, numpy, torch
import torch.nn.functional as F
torch.manual_seed(int(sys.argv[3]))
kind, k = sys.argv[1], float(sys.argv[2])
tensors = collections.OrderedDict()

def masked(name, shape):
  weight, scores = torch.randn(shape) * (2 / shape[1:].numel()) ** 0.5, torch.randn(shape)
  tensors[name + ".weight"], tensors[name + ".popup_scores"] = weight, scores
  sizes = scores.abs().flatten()
  kept = torch.ones(sizes.numel())
  for position in sorted(range(sizes.numel()), key=lambda i: (float(sizes[i]), i))[: int((1 - k) * sizes.numel())]:
    kept[position] = 0
  return weight * kept.view(shape)

def conv(x, name, out, size=3, stride=1):
  return F.conv2d(x, masked(name, torch.Size((out, x.shape[1], size, size))), stride=stride, padding=size // 2)

def linear(x, name, out):
  weight = masked(name, torch.Size((out, x.shape[1])))
  tensors[name + ".bias"] = torch.randn(out)
  return F.linear(x, weight, tensors[name + ".bias"])

def norm(x, name):
  n = x.shape[1]
  mean, var, gamma, beta = torch.randn(n) / 4, torch.rand(n) + 0.5, torch.rand(n) + 0.5, torch.randn(n) / 4
  for part, values in [("weight", gamma), ("bias", beta), ("running_mean", mean), ("running_var", var)]:
    tensors[name + "." + part] = values
  tensors[name + ".num_batches_tracked"] = torch.tensor(7)
  return F.batch_norm(x, mean, var, gamma, beta)

def vgg(x):
  place = 0
  for width in [4, 4, "M", 8, 8, "M", 16, 16, 16, "M", 32, 32, 32, "M", 32, 32, 32]:
    if width == "M":
      x, place = F.max_pool2d(x, 2), place + 1
    else:
      x, place = F.relu(norm(conv(x, f"features.{place}", width), f"features.{place + 1}")), place + 3
  x = F.adaptive_avg_pool2d(x, 2).flatten(1)
  return linear(F.relu(linear(F.relu(linear(x, "classifier.0", 16)), "classifier.2", 16)), "classifier.4", 10)

def group(x, name, width, stride):
  for block in range(2):
    own, step = f"{name}.layer.{block}", stride if block == 0 else 1
    active = F.relu(norm(x, own + ".bn1"))
    y = conv(F.relu(norm(conv(active, own + ".conv1", width, stride=step), own + ".bn2")), own + ".conv2", width)
    x = (x if x.shape[1] == width else conv(active, own + ".convShortcut", width, 1, step)) + y
  return x

def wide(x):
  x = conv(x, "conv1", 16)
  first = group(x, "block1", 32, 1)
  group(x, "sub_block1", 32, 1)
  x = F.relu(norm(group(group(first, "block2", 64, 2), "block3", 128, 2), "bn1"))
  return linear(F.avg_pool2d(x, 8).flatten(1), "fc", 10)

def residual(x):
  x = F.relu(norm(conv(x, "conv1", 4), "bn1"))
  for stage, width in enumerate([4, 8, 16, 32], 1):
    for block in range(2):
      own, step = f"layer{stage}.{block}", 2 if block == 0 and stage > 1 else 1
      y = F.relu(norm(conv(x, own + ".conv1", width, stride=step), own + ".bn1"))
      y = norm(conv(y, own + ".conv2", width), own + ".bn2")
      x = F.relu(y + (x if step == 1 else norm(conv(x, own + ".shortcut.0", width, 1, step), own + ".shortcut.1")))
  return linear(F.avg_pool2d(x, 4).flatten(1), "linear", 10)

images = torch.rand(3, 3, 32, 32)
with torch.inference_mode(): logits = {"vgg": vgg, "wide": wide, "residual": residual}[kind](images)
numpy.save("logits.npy", logits.numpy())
numpy.save("images.npy", images.permute(0, 2, 3, 1).contiguous().numpy())
wrapped = collections.OrderedDict(("module." + name, values) for name, values in tensors.items())
torch.save({"epoch": 20, "arch": "x", "state_dict": wrapped, "best_prec1": torch.tensor(51.5), "optimizer": {"state": {}}}, "masked.pth.tar")
torch.save({"state_dict": {name: values for name, values in tensors.items() if "popup" not in name}}, "plain.pth.tar")
`;

for (const { kind, model, width, density } of [
  { kind: "vgg", model: "vgg16", width: 0.0625, density: 0.3 },
  { kind: "wide", model: "wrn16_2", width: 1, density: 0.1 },
  { kind: "residual", model: "resnet18", width: 0.0625, density: 0.05 },
]) {
  test(`a masked ${model} at ${density} has PyTorch's logits, our names, and numel - trunc((1 - k) numel) connections a layer`, {
    skip,
  }, async (t) => {
    const folder = temporaryFolder(t);
    python(folder, ["-c", LAYOUT, kind, String(density), "3"]);
    const call = ["masked.pth.tar", "out.safetensors", "--density", String(density), "--objective", "rst"];
    python(folder, [SCRIPT, ...call]);
    const { network, checkpoint } = await readNetworkFile(join(folder, "out.safetensors"));
    assert.deepEqual(checkpoint.model, { name: model, width });
    assert.deepEqual([checkpoint.method, checkpoint.density, checkpoint.objective], ["hydra", density, "rst"]);
    await assertLogits(folder, engine.infer(network).logits(await images(folder)));
    for (const { name, size } of weightLayers(network.graph, network.input)) {
      const tensor = network.tensors.get(`${name}.weight`);
      assert.ok(tensor?.type === "connections", name);
      assert.equal(tensor.index.length, size - Math.trunc((1 - density) * size), name);
    }
    // What sparse-train --init-from asks of a checkpoint.
    const ours = catalogModel({ name: model, width, input: [32, 32, 3], classes: 10 });
    const shapes = parameterShapes(ours.graph, ours.input);
    assert.deepEqual([...network.tensors.keys()].sort(), [...shapes.keys()].sort());
    for (const [name, shape] of shapes) assert.deepEqual(network.tensors.get(name)?.shape, shape, name);
  });
}

test("a dense network keeps all of its weights, a pre-trained one as well, and scores without a density are refused", {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  python(folder, ["-c", LAYOUT, "residual", "1", "5"]);
  python(folder, [SCRIPT, "plain.pth.tar", "plain.safetensors", "--data", "svhn"]);
  python(folder, [SCRIPT, "masked.pth.tar", "masked.safetensors", "--density", "1"]);
  const plain = await readNetworkFile(join(folder, "plain.safetensors"));
  assert.deepEqual([plain.checkpoint.method, plain.checkpoint.data?.name], ["dense", "svhn"]);
  assert.deepEqual(plain.network, (await readNetworkFile(join(folder, "masked.safetensors"))).network);
  await assertLogits(folder, engine.infer(plain.network).logits(await images(folder)));
  const { status, stderr } = run(folder, [SCRIPT, "masked.pth.tar", "other.safetensors"]);
  assert.equal(status, 2);
  assert.match(stderr, /^import-hydra: masked\.pth\.tar: has popup_scores; give the share of weights/);
});

test("of a pruned dense file what is 0 is no connection", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  python(folder, ["-c", LAYOUT, "residual", "1", "5"]);
  const zero = `import torch; f = torch.load("plain.pth.tar"); f["state_dict"]["linear.weight"][:, 4:] = 0; torch.save(f, "zero.pth.tar")`;
  python(folder, ["-c", zero]);
  python(folder, [SCRIPT, "zero.pth.tar", "zero.safetensors"]);
  const { network, checkpoint } = await readNetworkFile(join(folder, "zero.safetensors"));
  const tensor = network.tensors.get("dense_out.weight");
  assert.ok(tensor?.type === "connections");
  assert.deepEqual([...tensor.index.slice(0, 5)], [0, 1, 2, 3, 32]);
  assert.equal(checkpoint.method, "hydra");
});

test("another network than theirs is refused with what it has", { skip }, (t) => {
  const folder = temporaryFolder(t);
  python(folder, ["-c", `import torch; torch.save({"state_dict": {"stem.weight": torch.zeros(2, 2)}}, "x.pth.tar")`]);
  const { status, stderr } = run(folder, [SCRIPT, "x.pth.tar", "x.safetensors"]);
  assert.equal(status, 2);
  assert.match(stderr, /x\.pth\.tar: neither a VGG, .*; it has stem\.weight/);
});

function run(cwd: string, words: readonly string[]) {
  return spawnSync(PYTHON, words, { cwd, encoding: "utf8" });
}

function python(cwd: string, words: readonly string[]): void {
  const { status, stderr } = run(cwd, words);
  assert.equal(status, 0, stderr);
}

async function images(folder: string): Promise<Float32Array> {
  const { type, bytes } = await readNpy(join(folder, "images.npy"), () => {});
  return Float32Array.from(numbersOf(bytes, type));
}

async function assertLogits(folder: string, logits: Float32Array): Promise<void> {
  const { type, bytes } = await readNpy(join(folder, "logits.npy"), () => {});
  const found = numbersOf(bytes, type);
  assert.equal(found.length, logits.length);
  for (const [i, logit] of logits.entries()) {
    const there = Number(found[i] ?? Number.NaN);
    assert.ok(Math.abs(there - logit) < 1e-4 * (1 + Math.abs(there)), `logit ${i}: ${there} there, ${logit} here`);
  }
}
