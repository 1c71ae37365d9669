/**
 * Where the published code does something that one would not expect (Özdenizci & Legenstein 2021): what this program does instead
 * or as well. Most of it is tested beside the code that does it, which the table names; the rest here.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { nativeEngine } from "../../src/engines/native.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { catalogModel } from "../../src/models/catalog.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { connectivitySampling } from "../../src/training/connectivity-sampling.js";
import { deepRewiring } from "../../src/training/deep-rewiring.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Rates } from "../../src/training/schedule.js";
import { evaluate } from "../../src/training/selection.js";
import type { Update } from "../../src/training/update.js";
import { callOf } from "../support/command-context.js";
import { npyFile } from "../support/npy-file.js";
import { plainEngine } from "../support/plain-engine.js";
import { everyLayer, networkOf, waveImages } from "../support/small-networks.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { perceptron, toyNetwork, trainToy, vectorSamples } from "../support/toy-training.js";

/** Quirk, what is done, and a piece of a test's text in a file below test/. */
const covered: readonly (readonly [string, string, string, string])[] = [
  ["mixed batches stop with an error", "fixed", "training/objectives/objectives.test.ts", "with equal weights"],
  [
    "the first masks may exceed the budget",
    "option, told",
    "commands/sparse-train.test.ts",
    "a start above the budget",
  ],
  ["the excess is scaled away instead", "option", "training/needle-task.test.ts", "or is scaled to it at once"],
  ["a layer is asked for more than it has dormant", "fixed", "sparsity/multinomial.test.ts", "has no room for goes to"],
  ["momentum survives reconnection", "kept, option", "engines/step-contract.ts", "resetMomentum"],
  [
    "the noise is eta times sigma",
    "kept, option",
    "commands/sparse-train-options.test.ts",
    '["noiseMode", "langevin"]',
  ],
  ["weight decay reaches dormant weights", "kept", "training/sgdw.test.ts", "two steps of a mortal kernel"],
  [
    "the best is chosen on test images after a first step",
    "option",
    "commands/sparse-train.test.ts",
    "test-clean judges",
  ],
  ["momentum decays weights that are dormant", "kept", "training/sgdw.test.ts", "a recently dead connection"],
  ["reconnections follow sizes", "kept, options", "commands/sparse-train-options.test.ts", '["split", "free"]'],
  ["shifts between pixels", "kept, option", "data/augment.test.ts", "SciPy's values"],
  ["digits are mirrored", "kept, option", "data/augment.test.ts", "where nothing is mirrored"],
  ["crops instead", "option", "data/augment.test.ts", "a crop moves whole pixels"],
  ["the last part of an epoch is dropped", "kept", "training/batch-source.test.ts", "its remainder dropped or kept"],
  ["the last pseudo-labels of a pass are few", "kept", "training/batch-source.test.ts", "pass after pass"],
  ["all pseudo-labelled images as numbers at once", "fixed", "data/tiny-images.test.ts", "pixels come as they lie"],
  ["nothing has a seed", "fixed", "commands/sparse-train.test.ts", "the same seed gives the same checkpoints"],
  ["MART fails on a batch of one", "fixed", "training/objectives/objectives.test.ts", "of one image"],
  [
    "random and fixed masks are not in the code",
    "ours",
    "sparsity/layer-counts.test.ts",
    "a random network has one density",
  ],
  ["noise of the paper instead", "option", "training/quirks.test.ts", "or of the root of their product"],
  ["deep rewiring splits otherwise", "mode", "commands/sparse-train-options.test.ts", '"deep-rewiring"'],
];

for (const [quirk, decision, file, text] of covered) {
  test(`${quirk} (${decision}): ${file}`, () => {
    const path = fileURLToPath(new URL(`../../../test/${file}`, import.meta.url));
    assert.ok(readFileSync(path, "utf8").includes(text));
  });
}

test("training starts and keeps its budget at densities at which the published code cannot start", async () => {
  const model = catalogModel({ name: "tinycnn", width: 1, input: [12, 12, 1], classes: 10 });
  for (const density of [0.85, 0.99, 1]) {
    const rows = new Float32Array(8 * 144).fill(0.5);
    const data = { ...vectorSamples(rows, new Uint8Array(8)), shape: [12, 12, 1] as const };
    const options = {
      ...({ graph: model.graph, classes: 10, mode: "bayes", density, seed: 1, data, bounds: [0, 1] } as const),
      initialDensity: (name: string, p: number) => model.initialDensity.get(name)?.(p) ?? p,
      ...{ objective: naturalObjective(), steps: 3, batchSize: 4 },
    };
    const { budget } = toyNetwork(options);
    const training = await trainToy({
      ...options,
      engine: plainEngine,
      watch: (_, { connections }) =>
        assert.equal(
          connections.reduce((sum, count) => sum + count, 0),
          budget.connections,
        ),
    });
    training.dispose();
  }
});

test("weight decay is not scaled by the learning rate, and reaches biases and batch-norm", () => {
  const network = everyLayer();
  const training = plainEngine.train(network, { rules: new Map() });
  training.step({ rule: "sgdw", trainable: "all", learningRate: 1e-30, momentum: 0.9, weightDecay: 0.25 });
  const after = training.tensors();
  for (const name of ["conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "fc1.bias"]) {
    const expected = network.tensors.get(name)?.values.map((value) => value - Math.fround(0.25 * value));
    assert.deepEqual(after.get(name)?.values, expected, name);
  }
});

test("a dense layer without a bias gives its weighted sums, not twice them", () => {
  const graph = [
    { name: "flat", op: "flatten", inputs: ["input"], order: "chw" },
    { name: "fc", op: "dense", inputs: ["flat"], units: 3, bias: false, rewire: true },
  ] as const;
  const network = networkOf({ graph, input: [1, 1, 4], classes: 3 });
  const images = waveImages(1, [1, 1, 4]);
  const weights = network.tensors.get("fc.weight")?.values ?? new Float32Array(0);
  for (const engine of [plainEngine, nativeEngine({ reason: "tests", threads: 1 })]) {
    const logits = engine.infer(network).logits(images);
    for (const [unit, logit] of logits.entries()) {
      const sum = images.reduce((total, value, i) => total + value * (weights[4 * unit + i] ?? 0), 0);
      assert.ok(Math.abs(logit - sum) < 1e-6);
    }
  }
});

test("the number of classes comes from the data, the exact density from no file's name", async (t) => {
  const folder = temporaryFolder(t);
  for (const part of ["train", "test"]) {
    mkdirSync(join(folder, "data", part), { recursive: true });
    const files = [
      ["images", { shape: [40, 32, 32, 1], bytes: Uint8Array.from({ length: 40 * 1024 }, (_, i) => (i * 37) & 255) }],
      ["labels", { shape: [40], bytes: Uint8Array.from({ length: 40 }, (_, i) => i % 3) }],
    ] as const;
    for (const [name, file] of files) writeFileSync(join(folder, "data", part, `${name}.npy`), npyFile(file));
  }
  for (const density of [0.29, 0.57]) {
    const out = join(folder, `run${density}`);
    const flags = { data: join(folder, "data"), model: "tinycnn", objective: "natural", batchSize: 9, steps: 1 };
    const { options, context } = await callOf(sparseTrain, { ...flags, epochs: 1, density, out });
    assert.equal(await sparseTrain.run(options, context), 0);
    const { network, checkpoint } = await readNetworkFile(join(out, "final.safetensors"));
    assert.deepEqual([network.classes, checkpoint.classes, checkpoint.density], [3, 3, density]);
    assert.equal(checkpoint.connections, Math.trunc(density * (checkpoint.weights ?? 0)));
  }
});

test("the loss on the selection is told twice: over the images, and over the batches, the small last one counting whole", () => {
  const network = everyLayer();
  const size = 7;
  const labels = Uint8Array.from({ length: size }, (_, i) => i % 3);
  const all = waveImages(size, network.input);
  const samples = {
    ...{ size, labels, shape: network.input },
    read: (indices: Uint32Array) =>
      Float32Array.from([...indices].flatMap((i) => [...all.subarray(60 * i, 60 * i + 60)])),
  };
  const inference = plainEngine.infer(network);
  const selection = { rule: "val-clean", split: "train", samples, attack: null } as const;
  const calls = evaluate(inference, { selection, batchSize: 5, bounds: [0, 1], seed: 1 });
  let call = calls.next();
  while (!call.done) call = calls.next();
  const { values } = crossEntropy(inference.logits(all), labels, 3);
  const mean = (from: number, to: number) =>
    values.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  assertNear(call.value.cleanLoss ?? Number.NaN, mean(0, 7));
  assertNear(call.value.batchLoss ?? Number.NaN, (mean(0, 5) + mean(5, 7)) / 2);
  assert.ok(Math.abs(mean(0, 7) - (mean(0, 5) + mean(5, 7)) / 2) > 1e-4);
});

function assertNear(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 1e-6, `${found} is not ${expected}`);
}

test("the first attacks meet running statistics of mean 0 and variance 1", () => {
  const { network } = toyNetwork({
    ...{ graph: catalogModel({ name: "tinycnn", width: 1, input: [12, 12, 1], classes: 10 }).graph, classes: 10 },
    ...{ mode: "bayes", density: 0.5, initialDensity: (_: string, p: number) => p, seed: 1, steps: 1 },
    ...{ data: { ...vectorSamples(new Float32Array(144), new Uint8Array(1)), shape: [12, 12, 1] } },
    ...{ objective: naturalObjective(), bounds: [0, 1] },
  });
  const of = (part: string) => [...network.tensors].filter(([name]) => name.endsWith(part));
  assert.ok(of(".running_mean").length > 0);
  for (const [, { values }] of of(".running_mean")) assert.ok(values.every((value) => value === 0));
  for (const [, { values }] of of(".running_var")) assert.ok(values.every((value) => value === 1));
});

/** Twelve connections of theta 0.5 that get no gradient, and what one step of an update leaves of them. */
function afterOneStep(update: Update, rates: Rates): Float32Array {
  const graph = perceptron([3]);
  const index = Uint32Array.from({ length: 12 }, (_, i) => i);
  const kernel = { type: "connections", shape: [3, 4], index, values: new Float32Array(12).fill(-0.5) } as const;
  const { tensors } = networkOf({ graph, input: [1, 1, 4], classes: 3 });
  const network = {
    graph,
    input: [1, 1, 4] as const,
    classes: 3,
    tensors: new Map([...tensors, ["fc1.weight", kernel]]),
  };
  const training = plainEngine.train(network, { rules: new Map([["fc1", "mortal"]]) });
  const calls = update.apply({ training, step: 0, rates });
  while (!calls.next().done);
  return (
    training
      .tensors()
      .get("fc1.weight")
      ?.values.map((value) => -value) ?? new Float32Array(0)
  );
}

const layer = (() => {
  const kernels = weightLayers(perceptron([3]), [1, 1, 4]);
  const budget = budgetOf({ density: 1 }, kernels);
  return { kernels, budget, seed: 1, momentum: 0.9, split: "size", resetMomentum: false } as const;
})();

test("deep rewiring pulls every connection down by rate times 1e-5; the method has no such pull", () => {
  const still = { ...layer, noiseScaling: 0, noiseMode: "code" } as const;
  const rates = { learningRate: 100, weightDecay: 0 };
  const pulled = Math.fround(0.5 - Math.fround(100 * 1e-5));
  assert.ok(afterOneStep(deepRewiring({ ...still, momentum: 0 }), rates).every((theta) => theta === pulled));
  assert.ok(afterOneStep(connectivitySampling(still), rates).every((theta) => theta === 0.5));
});

test("the noise has a deviation of rate times sigma, or of the root of their product", () => {
  const rates = { learningRate: 0.25, weightDecay: 0 };
  const moved = (noiseMode: "code" | "langevin") =>
    afterOneStep(connectivitySampling({ ...layer, noiseScaling: 1e-4, noiseMode }), rates).map((theta) => theta - 0.5);
  const [code, langevin] = [moved("code"), moved("langevin")];
  for (const [i, value] of code.entries()) {
    // The same draws, 2.5e-5 and 5e-3 times.
    assert.ok(value !== 0 && Math.abs((langevin[i] ?? 0) / value - 200) < 1, `${value} ${langevin[i]}`);
  }
});
