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

/** Rows of passes that are run side by side where fewer samples stand: enough to keep every core busy. */
const ROWS = 128;

/**
 * Runs all passes over the samples of the range whose flag in `standing` is set, and clears the flags of those that fall. Where few
 * still stand after the first pass, several later ones go through the network together: a sample that falls in one of them has been
 * in the others for nothing, which is rare, and the network is asked about full batches. Which samples fall, and by which image, is
 * what one pass after the other gives. Goes on where the journal says that an interrupted run was. Gives the lengths of the
 * shortest perturbations where `minimal` asks for them.
 */
export async function runPasses(standing: Uint8Array, options: PassOptions): Promise<Float64Array | null> {
  const { recipe, source, range, meter, journal } = options;
  const begun = journal.place();
  const begunWith = countOnes(standing);
  const shortest = options.minimal ? new Shortest(standing, begun?.norms ?? null) : null;
  const attacked = shortest === null ? standing : standing.slice();
  if (begun !== null) standing.set(begun.standing);
  if (begun !== null) meter.goOn(begun.counts);
  const passes = recipe.passes(source.classes);
  for (let pass = begun?.pass ?? 1; pass <= passes; ) {
    const all = indicesOf(attacked, range);
    const from = pass === begun?.pass ? begun.next : range[0];
    // Inside a pass it goes on as it was begun: one at a time.
    const together = pass === 1 || from > range[0] ? 1 : passesAtOnce(all.length, passes - pass + 1);
    const rows = { indices: all.filter((index) => index >= from), first: pass, together };
    const later = all.length * (passes - pass - together + 1);
    await runTogether(rows, { ...options, standing, shortest, begunWith, later });
    pass += together;
    if (together > 1) {
      const place = { pass, next: range[0], standing, norms: shortest?.norms ?? null };
      await journal.reach({ ...place, counts: meter.counts() });
    }
  }
  return shortest?.norms ?? null;
}

/** Of so many samples that stand; it hangs on nothing else, so that what is counted does not either. */
function passesAtOnce(samples: number, left: number): number {
  return Math.max(1, Math.min(left, Math.floor(ROWS / Math.max(1, samples))));
}

/** Samples by dataset index, each in `together` passes from the `first` on. */
interface Rows {
  readonly indices: Uint32Array;
  readonly first: number;
  readonly together: number;
}

interface Passage extends PassOptions {
  readonly standing: Uint8Array;
  readonly shortest: Shortest | null;
  /** Samples that stood when the attack began, in whichever process. */
  readonly begunWith: number;
  /** Passes of single samples that may come after these. */
  readonly later: number;
}

/** Goes through the rows pass by pass, batch by batch. A sample's image is that of the first pass in which it falls. */
async function runTogether({ indices, first, together }: Rows, options: Passage): Promise<void> {
  const { range, batchSize, meter, journal, standing, shortest } = options;
  const rows = { indices: repeated(indices, together), passes: passNumbers(indices.length, first, together) };
  for (let from = 0; from < rows.indices.length; from += batchSize) {
    const part = {
      indices: rows.indices.subarray(from, from + batchSize),
      passes: rows.passes.subarray(from, from + batchSize),
    };
    const left = rows.indices.length - from - part.indices.length + options.later;
    const { images, fooled } = await runBatch(part, { ...options, left });
    for (const [row, index] of part.indices.entries()) {
      if (fooled[row] === 0 || standing[index - range[0]] === 0) continue;
      standing[index - range[0]] = 0;
      reportFooled(images, { row, index, rows: part.indices.length }, meter);
    }
    meter.standing = countOnes(standing);
    if (together > 1) continue;
    const place = { pass: first, next: (part.indices.at(-1) ?? 0) + 1, standing, norms: shortest?.norms ?? null };
    await journal.reach({ ...place, counts: meter.counts() });
  }
}

function repeated(indices: Uint32Array, times: number): Uint32Array {
  return Uint32Array.from({ length: times * indices.length }, (_, row) => indices[row % indices.length] ?? 0);
}

function passNumbers(samples: number, first: number, times: number): Uint32Array {
  return Uint32Array.from({ length: times * samples }, (_, row) => first + Math.floor(row / samples));
}

function countOnes(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

interface RowsOfBatch {
  readonly indices: Uint32Array;
  readonly passes: Uint32Array;
}

interface BatchPass extends Passage {
  /** Passes of single samples that may still come after this batch. */
  readonly left: number;
}

/** One batch, judged by a plain forward pass of the images that it returned. */
async function runBatch(
  { indices, passes }: RowsOfBatch,
  options: BatchPass,
): Promise<Verdicts & { readonly images: Float32Array }> {
  const { recipe, inference, source, threat, meter, shortest } = options;
  const batch = batchOf(indices, options);
  const workOfOne = recipe.work(source.classes) + 1;
  const workAfter = options.left * workOfOne;
  const total = meter.work + workAfter + indices.length * workOfOne;
  const run = shortest === null ? recipe.run(batch, passes) : shortest.run(recipe, batch, passes);
  const images = await drive(run, (call) => {
    // A later pass looks at the same samples again: what it says of their starts is counted once.
    return meter.count(passes[0] === 1 ? call : { forwards: call.forwards, gradients: call.gradients }, total);
  });
  const logits = inference.logits(images);
  await meter.count({ forwards: indices.length, gradients: 0 }, meter.work + indices.length + workAfter);
  const claims = { images, origin: batch.images, logits, labels: batch.labels };
  const verdicts =
    shortest === null ? verify({ ...claims, threat }) : shortest.judge(indices, options.range, claims, threat);
  meter.violations += verdicts.violations;
  meter.nonFinite += verdicts.nonFinite;
  return { ...verdicts, images };
}

function batchOf(
  indices: Uint32Array,
  { source, samples, threat, seed, range, cleanLogits, begunWith }: Passage,
): AttackBatch {
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
    begunWith,
    cleanLogits: logits,
    exemplars,
  };
}

function exemplarsOf(samples: TestSamples): Exemplars {
  const labels = [...new Set(samples.labels)];
  const first = Uint32Array.from(labels, (label) => samples.labels.indexOf(label));
  return { images: samples.images(first), labels: Int32Array.from(labels) };
}

function reportFooled(
  images: Float32Array,
  { row, index, rows }: { readonly row: number; readonly index: number; readonly rows: number },
  { attack, hooks }: Meter,
): void {
  const size = images.length / rows;
  hooks.fooled?.({ name: attack, index, image: images.slice(row * size, (row + 1) * size) });
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
