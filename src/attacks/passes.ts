/** The passes of one attack over the samples that still stand: batch by batch, each success verified on its images. */
import type { Inference } from "../engines/engine.js";
import type { AttackBatch, Exemplars, TestSamples, ThreatModel } from "./attack.js";
import type { AttackJournal } from "./journal.js";
import { drive, type Meter } from "./meter.js";
import { Shortest } from "./minimal-norms.js";
import type { AttackRecipe } from "./recipe.js";
import { type Verdicts, verify } from "./verification.js";

export interface PassOptions {
  readonly recipe: AttackRecipe;
  /** Under test: it says whether an image is a success. */
  readonly inference: Inference;
  /** What attacks see; the network under test unless images are to transfer from another one. */
  readonly source: Inference;
  readonly samples: TestSamples;
  readonly threat: ThreatModel;
  /** Dataset indices [from, to). */
  readonly range: readonly [number, number];
  readonly seed: number;
  readonly batchSize: number;
  /** Logits [samples of the range, classes] of the unperturbed images, by `source`. */
  readonly cleanLogits: Float32Array;
  readonly meter: Meter;
  readonly journal: AttackJournal;
  /** Whether the shortest perturbations are wanted: all samples then take part in all passes. */
  readonly minimal: boolean;
}

/**
 * Runs all passes over the samples of the range whose flag in `standing` is set, and clears the flags of those that fall. Goes on
 * where the journal says that an interrupted run was. Gives the lengths of the shortest perturbations where `minimal` asks for them.
 */
export async function runPasses(standing: Uint8Array, options: PassOptions): Promise<Float64Array | null> {
  const { recipe, source, range, batchSize, meter, journal } = options;
  const begun = journal.place();
  const shortest = options.minimal ? new Shortest(standing, begun?.norms ?? null) : null;
  const attacked = shortest === null ? standing : standing.slice();
  if (begun !== null) standing.set(begun.standing);
  if (begun !== null) meter.goOn(begun.counts);
  const passes = recipe.passes(source.classes);
  for (let pass = begun?.pass ?? 1; pass <= passes; pass++) {
    const all = indicesOf(attacked, range);
    const next = pass === begun?.pass ? begun.next : range[0];
    const remaining = all.filter((index) => index >= next);
    let left = remaining.length + all.length * (passes - pass);
    for (const indices of batches(remaining, batchSize)) {
      left -= indices.length;
      const { fooled } = await runPass(indices, { ...options, pass, left, shortest });
      for (const [i, index] of indices.entries()) if (fooled[i] === 1) standing[index - range[0]] = 0;
      meter.standing = countOnes(standing);
      const place = { pass, next: (indices.at(-1) ?? 0) + 1, standing, norms: shortest?.norms ?? null };
      await journal.reach({ ...place, counts: meter.counts() });
    }
  }
  return shortest?.norms ?? null;
}

function countOnes(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

interface Pass extends PassOptions {
  readonly pass: number;
  /** Passes of single samples that may still come after this batch. */
  readonly left: number;
  readonly shortest: Shortest | null;
}

/** One pass over one batch, judged by a plain forward pass of the images that it returned. */
async function runPass(indices: Uint32Array, options: Pass): Promise<Verdicts> {
  const { recipe, inference, source, threat, meter, pass, shortest } = options;
  const batch = batchOf(indices, options);
  const workOfOne = recipe.work(source.classes) + 1;
  const workAfter = options.left * workOfOne;
  const total = meter.work + workAfter + indices.length * workOfOne;
  const run = shortest === null ? recipe.run(batch, pass) : shortest.run(recipe, batch, pass);
  const images = await drive(run, (call) => {
    // A later pass looks at the same samples again: what it says of their starts is counted once.
    return meter.count(pass === 1 ? call : { forwards: call.forwards, gradients: call.gradients }, total);
  });
  const logits = inference.logits(images);
  await meter.count({ forwards: indices.length, gradients: 0 }, meter.work + indices.length + workAfter);
  const claims = { images, origin: batch.images, logits, labels: batch.labels };
  const verdicts =
    shortest === null ? verify({ ...claims, threat }) : shortest.judge(indices, options.range, claims, threat);
  meter.violations += verdicts.violations;
  meter.nonFinite += verdicts.nonFinite;
  reportFooled(images, indices, verdicts.fooled, meter);
  return verdicts;
}

function batchOf(indices: Uint32Array, { source, samples, threat, seed, range, cleanLogits }: Pass): AttackBatch {
  const { classes } = source;
  const logits = new Float32Array(indices.length * classes);
  for (const [i, index] of indices.entries()) {
    const place = index - range[0];
    logits.set(cleanLogits.subarray(place * classes, (place + 1) * classes), i * classes);
  }
  const labels = Int32Array.from(indices, (index) => samples.labels[index] ?? -1);
  const exemplars = () => exemplarsOf(samples);
  return {
    inference: source,
    threat,
    images: samples.images(indices),
    labels,
    indices,
    seed,
    cleanLogits: logits,
    exemplars,
  };
}

function exemplarsOf(samples: TestSamples): Exemplars {
  const labels = [...new Set(samples.labels)];
  const first = Uint32Array.from(labels, (label) => samples.labels.indexOf(label));
  return { images: samples.images(first), labels: Int32Array.from(labels) };
}

function reportFooled(images: Float32Array, indices: Uint32Array, fooled: Uint8Array, { attack, hooks }: Meter): void {
  if (hooks.fooled === undefined) return;
  const size = images.length / indices.length;
  for (const [i, index] of indices.entries()) {
    if (fooled[i] !== 1) continue;
    hooks.fooled({ name: attack, index, image: images.slice(i * size, (i + 1) * size) });
  }
}

/** Ascending dataset indices of the set flags. */
export function indicesOf(flags: Uint8Array, [from]: readonly [number, number]): Uint32Array {
  const indices: number[] = [];
  for (const [i, flag] of flags.entries()) if (flag === 1) indices.push(from + i);
  return Uint32Array.from(indices);
}

export function* batches(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let from = 0; from < indices.length; from += size) yield indices.subarray(from, from + size);
}
