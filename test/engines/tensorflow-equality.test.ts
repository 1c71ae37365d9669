/** Both engines do the same: attacks leave the same samples standing, trainings have the same losses, and no tensor is left behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "../../src/attacks/evaluation.js";
import { parseAttacks } from "../../src/attacks/names.js";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import type { Engine, Training } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { catalogModel } from "../../src/models/catalog.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { type ObjectiveName, objectiveByName } from "../../src/training/objectives/by-name.js";
import type { Samples } from "../../src/training/samples.js";
import type { Update } from "../../src/training/update.js";
import { everyEntry } from "../support/plain-parameters.js";
import { sharedFile } from "../support/shared-files.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";
import { type ToyOptions, toyNetwork, trainToy } from "../support/toy-training.js";

const isSlow = Boolean(process.env.SPARSE_ROBUST_SLOW);
const native = nativeEngine({ reason: "tests" });
const golden = sharedFile("golden");
const cifar = sharedFile("data/cifar-10-batches-bin");

const data = await sampleImages();

function requireEngine(): NonNullable<typeof tensorflow> {
  assert.ok(tensorflow !== null);
  return tensorflow;
}

for (const [norm, epsilon] of [
  ["linf", 8 / 255],
  ["l2", 0.5],
] as const) {
  test(`PGD-20 at ${norm} ${epsilon} leaves the same samples of the reference network standing, but at the margin`, {
    skip: tensorflowSkip || golden.skip || cifar.skip,
  }, async () => {
    const options = { norm, epsilon, samples: isSlow ? 200 : 60 };
    const [ours, theirs] = [await standing(requireEngine(), options), await standing(native, options)];
    const others = [...ours.keys()].filter((i) => ours[i] !== theirs[i]);
    assert.equal(ours.length, options.samples);
    // A sample that flips has a margin of rounding's size; there are very few of them.
    assert.ok(others.length <= options.samples / 100, `samples ${others}`);
    assert.ok(ours.some((flag) => flag === 1) && ours.some((flag) => flag === 0));
  });
}

async function standing(
  engine: Engine,
  { norm, epsilon, samples }: { norm: "linf" | "l2"; epsilon: number; samples: number },
): Promise<Uint8Array> {
  const { network } = await readNetworkFile(`${golden.path}/vgg-small.safetensors`);
  const images = await loadImages({ name: "cifar10", directory: cifar.path, split: "test", limit: samples });
  const inference = engine.infer(network);
  const outcomes = evaluate({
    inference,
    samples: { labels: images.labels, images: (indices) => toFloat(images, indices) },
    range: [0, samples],
    attacks: parseAttacks({ names: ["pgd20x1"], recipes: {} }).map((recipe) => ({ recipe, norm, epsilon })),
    seed: 1,
    bounds: [0, 1],
    batchSize: 100,
  });
  let robust = new Uint8Array(0);
  for await (const outcome of outcomes) if (outcome.attack.name === "pgd20x1") robust = Uint8Array.from(outcome.robust);
  inference.dispose();
  return robust;
}

interface Run {
  readonly objective: ObjectiveName;
  readonly mode: ToyOptions["mode"];
  readonly model: string;
  readonly steps: number;
}

const runs: readonly Run[] = [
  { objective: "mart", mode: "bayes", model: "tinycnn", steps: 50 },
  { objective: "natural", mode: "dense", model: "tinycnn", steps: 50 },
];

for (const run of runs) {
  test(`${run.steps} steps of ${run.objective} on a ${run.mode} ${run.model} have the same losses on both engines to 1e-2`, {
    skip: tensorflowSkip,
  }, () => {
    const [ours, theirs] = [lossesOf(requireEngine(), run), lossesOf(native, run)];
    assert.equal(ours.length, run.steps);
    for (const [i, loss] of ours.entries()) assertSameLoss(loss, theirs[i] ?? Number.NaN, i);
  });
}

// Networks with many layers of batch-norm double a difference of a rounding at each step: there each step begins anew.
const restarted: readonly Run[] = [
  { objective: "at", mode: "bayes", model: "vgg16", steps: isSlow ? 20 : 3 },
  { objective: "trades", mode: "bayes", model: "wrn28_2", steps: isSlow ? 20 : 2 },
  { objective: "mat", mode: "fixed", model: "wrn28_2", steps: isSlow ? 20 : 2 },
  { objective: "natural", mode: "dense", model: "resnet18", steps: isSlow ? 20 : 3 },
];

for (const run of restarted) {
  test(`each step of ${run.objective} on a ${run.mode} ${run.model} gives the same loss and network from the native engine's state`, {
    skip: tensorflowSkip,
  }, () => {
    const start = toyOf(run);
    const theirs = native.train(start.network, { rules: start.rules });
    const updates = [toyOf(run).update, toyOf(run).update] as const;
    for (let step = 0; step < run.steps; step++) {
      const network = { ...start.network, tensors: theirs.tensors() };
      const ours = requireEngine().train(network, { rules: start.rules, state: theirs.state() });
      assertSameLoss(stepOf(ours, updates[0], { run, step }), stepOf(theirs, updates[1], { run, step }), step);
      assertSameNetwork(ours, theirs);
      ours.dispose();
    }
    theirs.dispose();
  });
}

function assertSameLoss(ours: number, theirs: number, step: number): void {
  assert.ok(Math.abs(ours - theirs) <= 1e-2 * Math.max(1, theirs), `step ${step}: ${ours} and ${theirs}`);
}

/** Values that are connected on both sides lie near each other; hardly a connection is on one side alone. */
function assertSameNetwork(ours: Training, theirs: Training): void {
  const expected = theirs.tensors();
  for (const [name, tensor] of ours.tensors()) {
    const [actual, wanted] = [everyEntry(tensor), everyEntry(expected.get(name) ?? tensor)];
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
    const far = actual.reduce(
      (count, value, i) => count + (Math.abs(value - (wanted[i] ?? 0)) > 0.02 * largest ? 1 : 0),
      0,
    );
    assert.ok(far <= 2 + 0.01 * actual.length, `${name}: ${far} of ${actual.length} values differ`);
  }
}

/** The training loss of each step. */
function lossesOf(engine: Engine, run: Run): number[] {
  const { network, rules, update } = toyOf(run);
  const training = engine.train(network, { rules });
  const losses = Array.from({ length: run.steps }, (_, step) => stepOf(training, update, { run, step }));
  training.dispose();
  return losses;
}

const BATCH = 32;

function toyOf({ mode, model, steps }: Run) {
  const { graph, initialDensity } = catalogModel({ name: model, width: 0.125, input: data.shape, classes: 10 });
  const density = (name: string, p: number) => initialDensity.get(name)?.(p) ?? p;
  const attack = { epsilon: 8 / 255, stepSize: 2 / 255, steps: 3 };
  const objective = objectiveByName({ objective: "natural", attack, beta: 6 });
  const whole = { graph, data, classes: 10, mode, density: 0.3, bounds: [0, 1], seed: 1, steps, objective } as const;
  return toyNetwork({ ...whole, initialDensity: density });
}

/** One step at a small learning rate; gives its loss. */
function stepOf(training: Training, update: Update, { run, step }: { run: Run; step: number }): number {
  const attack = { epsilon: 8 / 255, stepSize: 2 / 255, steps: 3 };
  const indices = Uint32Array.from({ length: BATCH }, (_, i) => (step * BATCH + i) % data.size);
  const labels = Uint8Array.from(indices, (i) => data.labels[i] ?? 0);
  update.prepare?.({ training, step });
  const objective = objectiveByName({ objective: run.objective, attack, beta: 6 });
  const batch = { training, images: data.read(indices), labels, bounds: [0, 1], seed: 1, step } as const;
  const { loss } = resultOf(objective.accumulate(batch));
  resultOf(update.apply({ training, step, rates: { learningRate: 0.01, weightDecay: 5e-4 } }));
  return loss;
}

function resultOf<Result>(run: Generator<unknown, Result>): Result {
  let next = run.next();
  while (!next.done) next = run.next();
  return next.value;
}

/** The images that come with the program. */
async function sampleImages(): Promise<Samples> {
  const images = await loadImages({ name: "sample", directory: "data", split: "train", limit: 256 });
  return { size: 256, shape: [32, 32, 1], labels: images.labels, read: (indices) => toFloat(images, indices) };
}

test("the number of tensors is the same after every step, and none is left when all are disposed", {
  skip: tensorflowSkip,
}, async () => {
  const engine = requireEngine();
  const before = engine.tensors();
  const counts: number[] = [];
  const { graph, initialDensity } = catalogModel({ name: "tinycnn", width: 0.25, input: data.shape, classes: 10 });
  const training = await trainToy({
    ...{ engine, graph, classes: 10, mode: "bayes", density: 0.3, bounds: [0, 1], seed: 1 },
    ...{ steps: isSlow ? 1000 : 40, batchSize: 8, data },
    objective: objectiveByName({ objective: "trades", attack: { epsilon: 0.03, stepSize: 0.01, steps: 2 }, beta: 6 }),
    initialDensity: (name, p) => initialDensity.get(name)?.(p) ?? p,
    watch: () => counts.push(engine.tensors()),
  });
  assert.equal(counts.length, isSlow ? 1000 : 40);
  assert.deepEqual([...new Set(counts)], [counts[0]]);
  const alive = engine.tensors();
  training.tensors();
  training.state();
  training.gradient("conv1.weight");
  assert.equal(engine.tensors(), alive);
  training.dispose();
  assert.equal(engine.tensors(), before);
});
