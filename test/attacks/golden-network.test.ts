import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { z } from "zod";
import { evaluate } from "../../src/attacks/evaluation.js";
import { parseAttacks } from "../../src/attacks/names.js";
import type { Outcome } from "../../src/attacks/outcome.js";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import type { Norm } from "../../src/engines/engine.js";
import { readSafetensors, type StoredArray } from "../../src/formats/safetensors.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { assertClose } from "../support/assert-close.js";
import { plainEngine } from "../support/plain-engine.js";
import { sharedFile } from "../support/shared-files.js";

const golden = sharedFile("golden");
const cifar = sharedFile("data/cifar-10-batches-bin");
const skip = golden.skip || cifar.skip;

/** Test images attacked: few, because the double-precision loops are slow. */
const SAMPLES = 4;

test("the golden network gives the recorded logits and image gradients", { skip: golden.skip }, async () => {
  const inference = await goldenInference();
  const reference = await readSafetensors(`${golden.path}/vgg-small.reference.safetensors`);
  const tensor = (name: string): StoredArray => reference.tensors.get(name)?.values ?? new Float32Array(0);
  const images = channelsLast(tensor("images")).map((value) => value / 255);
  const labels = Int32Array.from(tensor("labels").subarray(0, 8));
  assertClose(inference.logits(images), tensor("logits"), 2e-6);
  const pass = inference.inputGradient(
    images.subarray(0, 8 * 3072),
    (logits) => crossEntropy(logits, labels, 10).gradient,
  );
  assertClose(pass.gradient, channelsLast(tensor("gradient")), 1e-7);
});

for (const [norm, epsilon, names] of [
  ["linf", 8 / 255, ["clean", "fgsm", "pgd10-det", "pgd50-det", "pgd10x1", "pgd50x1"]],
  ["linf", 4 / 255, ["fgsm", "pgd50-det"]],
  ["l2", 0.5, ["pgd50-det"]],
] as const) {
  test(`attacks at ${norm} ${epsilon} leave the recorded samples standing`, { skip }, async () => {
    const found = new Map((await outcomesOf(names, norm, epsilon)).map((outcome) => [outcome.attack.name, outcome]));
    for (const name of names) {
      const { outcomes, certain } = await recorded(name, norm, name === "clean" ? 0 : epsilon);
      const robust = found.get(name)?.robust ?? new Uint8Array(0);
      const wrong = [...robust.keys()].filter((i) => certain[i] === 1 && robust[i] !== outcomes[i]);
      assert.deepEqual(wrong, [], `${name}: samples with another outcome than public libraries found`);
      assert.equal(robust.length, SAMPLES);
    }
  });
}

async function goldenInference() {
  const { network } = await readNetworkFile(`${golden.path}/vgg-small.safetensors`);
  return plainEngine.infer(network);
}

async function outcomesOf(names: readonly string[], norm: Norm, epsilon: number): Promise<Outcome[]> {
  const images = await loadImages({ name: "cifar10", directory: cifar.path, split: "test", limit: SAMPLES });
  const outcomes: Outcome[] = [];
  const evaluation = evaluate({
    inference: await goldenInference(),
    samples: { labels: images.labels, images: (indices) => toFloat(images, indices) },
    range: [0, SAMPLES],
    attacks: parseAttacks({ names: [...names] }).map((recipe) => ({ recipe, norm, epsilon })),
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

/** Flags of the first recorded run, and those on which all runs agree with a margin. */
async function recorded(name: string, norm: Norm, epsilon: number) {
  const text = await readFile(`${golden.path}/vgg-small.reference.json`, "utf8");
  const { attacks } = referenceSchema.parse(JSON.parse(text));
  const entry = attacks.find((one) => one.name === name && one.norm === norm && Math.abs(one.epsilon - epsilon) < 1e-9);
  const [first] = entry?.outcomes ?? [];
  if (entry === undefined || first === undefined) throw new Error(`no recorded ${name}`);
  const flags = (text: string) => decodeOutcomes(text, entry.samples, name);
  return { outcomes: flags(first), certain: flags(entry.certain) };
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
