import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { z } from "zod";
import type { BallNorm } from "../../src/attacks/attack.js";
import { evaluate } from "../../src/attacks/evaluation.js";
import { parseAttacks } from "../../src/attacks/names.js";
import type { Outcome } from "../../src/attacks/outcome.js";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import type { Engine } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { readSafetensors, type StoredArray } from "../../src/formats/safetensors.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { assertClose } from "../support/assert-close.js";
import { plainEngine } from "../support/plain-engine.js";
import { sharedFile } from "../support/shared-files.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";

const golden = sharedFile("golden");
const cifar = sharedFile("data/cifar-10-batches-bin");
const skip = golden.skip || cifar.skip;

const SAMPLES = 200;

const isSlow = process.env.SPARSE_ROBUST_SLOW !== undefined;

/** The standard ensemble with a tenth of Square's queries, which find nothing more here. */
const quickly: Record<string, unknown> = isSlow
  ? {}
  : { aa: { members: { "apgd-ce": { restarts: 1 }, "apgd-t": {}, "fab-t": {}, square: { queries: 500 } } } };

const native = nativeEngine({ reason: "tests" });

/** A unit of the fourth image lies 1.7e-7 from ReLU's edge: on which side it falls, and its patch of the gradient, is rounding. */
const ON_THE_EDGE = 3;

for (const [where, engine, tolerance] of [
  ["in double precision", plainEngine, { logits: 1e-7, gradient: 2e-8 }],
  ["on the native engine", native, { logits: 5e-6, gradient: 5e-7 }],
  ["on the tensorflow engine", tensorflow, { logits: 5e-6, gradient: 5e-7 }],
] as const) {
  test(`the golden network ${where} gives the recorded logits and image gradients`, {
    skip: golden.skip || (engine === null ? tensorflowSkip : false),
  }, async () => {
    assert.ok(engine !== null);
    const inference = await goldenInference(engine);
    const reference = await readSafetensors(`${golden.path}/vgg-small.reference.safetensors`);
    const tensor = (name: string): StoredArray => reference.tensors.get(name)?.values ?? new Float32Array(0);
    const images = channelsLast(tensor("images")).map((value) => value / 255);
    const labels = Int32Array.from(tensor("labels").subarray(0, 8));
    assertClose(inference.logits(images), tensor("logits"), tolerance.logits);
    const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, 10).gradient;
    const { gradient } = inference.inputGradient(images.slice(0, 8 * 3072), lossGradient);
    const expected = channelsLast(tensor("gradient"));
    for (const image of [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => engine === plainEngine || i !== ON_THE_EDGE)) {
      const pixels = [3072 * image, 3072 * (image + 1)] as const;
      assertClose(gradient.subarray(...pixels), expected.subarray(...pixels), tolerance.gradient);
    }
  });
}

for (const [norm, epsilon, names] of [
  ["linf", 8 / 255, ["clean", "fgsm", "pgd10-det", "pgd50-det", "cw50-det", "pgd10x1", "pgd50x1", "pgd10"]],
  ["linf", 4 / 255, ["fgsm", "pgd50-det"]],
  ["l2", 0.5, ["pgd50-det"]],
] as const) {
  test(`attacks at ${norm} ${epsilon} leave the recorded samples standing`, { skip }, async () => {
    await assertAsRecorded({ names, norm, epsilon, samples: SAMPLES });
  });
}

for (const [norm, epsilon] of [
  ["linf", 8 / 255],
  ["linf", 4 / 255],
  ["l2", 0.5],
] as const) {
  test(`APGD-CE at ${norm} ${epsilon} leaves the recorded samples standing`, { skip }, async () => {
    await assertAsRecorded({ names: ["apgd-ce"], norm, epsilon, samples: 100 });
  });
}

test("AutoAttack and each of its members leave the recorded samples standing", { skip }, async () => {
  const samples = isSlow ? 100 : 24;
  const names = ["aa/apgd-ce", "aa/apgd-t", "aa/fab-t", "aa/square", "aa"];
  const outcomes = await assertAsRecorded({ names, norm: "linf", epsilon: 8 / 255, samples });
  const nested = outcomes.map(({ robust }) => [...robust]);
  for (const [i, flags] of nested.entries()) {
    assert.ok(flags.every((flag, sample) => flag <= (nested[i - 1]?.[sample] ?? 1)));
  }
  assert.deepEqual(
    outcomes.flatMap(({ reliability }) => reliability),
    [],
  );
});

/** Of the first 24 images those that the authors' AutoAttack (one run of each) left standing beside these; it and ours agree on all. */
for (const [norm, epsilon, standing] of [
  ["l1", 12, { "apgd-t": [11, 14, 20, 22] }],
  ["l2", 0.5, { "apgd-t": [4, 8, 11, 14, 15, 19, 20, 22], "apgd-dlr": [4, 5, 8, 11, 14, 15, 19, 20, 22] }],
] as const) {
  test(`AutoAttack's members at ${norm} ${epsilon} leave the samples standing that the authors' code leaves`, {
    skip,
  }, async () => {
    const names = Object.keys(standing);
    const [, ...outcomes] = await outcomesOf({ names, norm, epsilon, samples: 24 });
    const found = outcomes.map(({ attack, robust }) => [
      attack.name,
      [...robust.keys()].filter((i) => robust[i] === 1),
    ]);
    assert.deepEqual(Object.fromEntries(found), standing);
  });
}

/** Every certain sample among the first `samples` has its recorded outcome under each attack. */
async function assertAsRecorded(options: Evaluated): Promise<Outcome[]> {
  const { names, norm, epsilon, samples } = options;
  const outcomes = await outcomesOf(options);
  const found = new Map(outcomes.map((outcome) => [outcome.attack.name, outcome]));
  for (const name of names) {
    const { outcomes, certain } = await recorded(name, norm, name === "clean" ? 0 : epsilon);
    const robust = found.get(name)?.robust ?? new Uint8Array(0);
    const wrong = [...robust.keys()].filter((i) => certain[i] === 1 && robust[i] !== outcomes[i]);
    assert.deepEqual(wrong, [], `${name}: samples with another outcome than public libraries found`);
    assert.equal(robust.length, samples);
  }
  return outcomes;
}

interface Evaluated {
  readonly names: readonly string[];
  readonly norm: BallNorm;
  readonly epsilon: number;
  readonly samples: number;
}

async function goldenInference(engine: Engine) {
  const { network } = await readNetworkFile(`${golden.path}/vgg-small.safetensors`);
  return engine.infer(network);
}

/** Of the attacks and ensembles that `names` are or belong to. */
async function outcomesOf({ names, norm, epsilon, samples }: Evaluated): Promise<Outcome[]> {
  const images = await loadImages({ name: "cifar10", directory: cifar.path, split: "test", limit: samples });
  const attacks = parseAttacks({ names: names.map((name) => name.split("/")[0] ?? name), recipes: quickly, norm });
  const outcomes: Outcome[] = [];
  const evaluation = evaluate({
    inference: await goldenInference(native),
    samples: { labels: images.labels, images: (indices) => toFloat(images, indices) },
    range: [0, samples],
    attacks: attacks.map((recipe) => ({ recipe, norm, epsilon })),
    seed: 1,
    bounds: [0, 1],
    batchSize: 100,
  });
  for await (const outcome of evaluation) outcomes.push(outcome);
  return outcomes;
}

const referenceSchema = z.object({
  attacks: z.array(
    z.object({
      name: z.string(),
      norm: z.string(),
      epsilon: z.number(),
      samples: z.int(),
      outcomes: z.array(z.string()),
      certain: z.string(),
    }),
  ),
});

/** Flags of the first recorded run, and the samples where another run must agree with them. */
async function recorded(name: string, norm: BallNorm, epsilon: number) {
  const entry = await recordedEntry(name, norm, epsilon);
  const certain = decodeOutcomes(entry.certain, entry.samples, name);
  const outcomes = decodeOutcomes(entry.outcomes[0] ?? "", entry.samples, name);
  if (!name.endsWith("x1")) return { outcomes, certain };
  // Three seeds of one start agree on a sample that some of thirty starts fool: those thirty must agree too.
  const tenStarts = await recordedEntry(name.slice(0, -2), norm, epsilon);
  const agreed = decodeOutcomes(tenStarts.certain, tenStarts.samples, name);
  return { outcomes, certain: certain.map((flag, i) => flag & (agreed[i] ?? 0)) };
}

async function recordedEntry(name: string, norm: BallNorm, epsilon: number) {
  const text = await readFile(`${golden.path}/vgg-small.reference.json`, "utf8");
  const { attacks } = referenceSchema.parse(JSON.parse(text));
  const entry = attacks.find((one) => one.name === name && one.norm === norm && Math.abs(one.epsilon - epsilon) < 1e-9);
  if (entry === undefined) throw new Error(`no recorded ${name}`);
  return entry;
}

/** [batch, 3, 32, 32] to [batch, 32, 32, 3]. */
function channelsLast(values: StoredArray): Float32Array {
  const turned = new Float32Array(values.length);
  for (const [i, value] of values.entries()) {
    const [image, plane] = [Math.floor(i / 3072), Math.floor(i / 1024) % 3];
    turned[image * 3072 + (i % 1024) * 3 + plane] = value;
  }
  return turned;
}
