/** The Brendel & Bethge attack (Brendel et al. 2019), as Foolbox runs it: along the decision boundary towards the image. */
import type { AttackBatch, AttackRun, EngineCall, Passes } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { type BoundaryStarts, boundaryStarts, type StartOptions } from "./boundary-start.js";
import { BoundaryWalk } from "./boundary-walk.js";
import { marginsOf } from "./margins.js";
import type { NearestImages } from "./nearest-images.js";
import { betweenInto, shortenedInto } from "./perturbation.js";

export interface BrendelBethgeConstants extends Omit<StartOptions, "pass"> {
  /** 1000 */
  readonly steps: number;
  /** Of the trust region, 1e-3; halved twenty times, evenly over the steps. */
  readonly learningRate: number;
  /**
   * The trust region's L2 radius is learning rate × values of an image × range of pixels × this. Foolbox has its batch size here, which
   * changes results: 1, or the batch size of the run to compare with.
   */
  readonly bbRefBatch: number;
}

/**
 * Walks towards each image until its perturbation, cut to the radius, is known to suffice; `pass` counts restarts from 1 and names
 * the random draws. Returns the nearest misclassified images with the perturbation cut or scaled to the radius, which Foolbox counts as
 * a success where they still are; the clean image where no start was found. A gradient a step, 10 forwards, and those of the start.
 */
export function* brendelBethge(batch: AttackBatch, constants: BrendelBethgeConstants, pass: Passes): AttackRun {
  const { norm, bounds } = batch.threat;
  const epsilon = Math.fround(batch.threat.epsilon);
  const starts = yield* boundaryStarts(batch, { ...constants, pass });
  const { images } = yield* walkBoundary(batch, starts, { ...constants, enough: epsilon });
  const rows = new BatchRows(batch);
  const cut = new Float32Array(images.length);
  for (const sample of rows.all) {
    const [start, origin] = [rows.of(images, sample), rows.of(batch.images, sample)];
    shortenedInto(rows.of(cut, sample), { start, origin, norm, bounds }, epsilon);
  }
  return cut;
}

/** The same for its own sake: all steps for every sample, and the nearest misclassified image uncut. An infinite norm: no start was found. */
export function* brendelBethgeMinimal(
  batch: AttackBatch,
  constants: BrendelBethgeConstants,
  pass: Passes,
): Generator<EngineCall, NearestImages> {
  const starts = yield* boundaryStarts(batch, { ...constants, pass });
  return yield* walkBoundary(batch, starts, { ...constants, enough: null });
}

export interface WalkOptions extends Pick<BrendelBethgeConstants, "steps" | "learningRate" | "bbRefBatch"> {
  /** A sample with a perturbation this short is finished; null: all steps. */
  readonly enough: number | null;
  /** Steps between two halvings of the learning rate; a twentieth of all unless given. */
  readonly halveEvery?: number;
}

/** The walk from given starts: to the boundary by bisection, then along it. */
export function* walkBoundary(
  batch: AttackBatch,
  starts: BoundaryStarts,
  options: WalkOptions,
): Generator<EngineCall, NearestImages> {
  const { steps, enough, halveEvery = Math.max(1, Math.floor(steps / HALVINGS)) } = options;
  const [low, high] = batch.threat.bounds;
  const rows = new BatchRows(batch);
  const walk = new BoundaryWalk(batch, starts);
  yield* bisectToBoundary(walk.iterates, batch, walk.unfinished(enough));
  let radius = options.learningRate * (batch.images.length / batch.labels.length) * options.bbRefBatch * (high - low);
  for (let step = 1; step <= steps; step++) {
    const active = walk.unfinished(enough);
    if (active.length === 0) break;
    const { margins, gradient } = marginGradient(batch, rows.pack(walk.iterates, active), active);
    yield { forwards: 0, gradients: active.length };
    walk.remember(active, margins);
    walk.turn(active, gradient, step === 1);
    if ((step + 1) % halveEvery === 0) radius /= 2;
    yield* walk.advance(active, margins, radius);
  }
  return walk;
}

const HALVINGS = 20;

const BISECTIONS = 10;

/** Moves `samples` in place to the first 1024th of the way from the clean image at which they are misclassified. */
function* bisectToBoundary(
  images: Float32Array,
  batch: AttackBatch,
  samples: readonly number[],
): Generator<EngineCall, void> {
  const { inference, labels, threat } = batch;
  const rows = new BatchRows(batch);
  const starts = images.slice();
  const right = new Float64Array(labels.length);
  const wrong = new Float64Array(labels.length).fill(1);
  const middle = (sample: number) => ((right[sample] as number) + (wrong[sample] as number)) / 2;
  const cut = (sample: number, part: number) => {
    const [start, origin] = [rows.of(starts, sample), rows.of(batch.images, sample)];
    betweenInto(rows.of(images, sample), { ...threat, start, origin }, part);
  };
  for (let round = 0; round < BISECTIONS && samples.length > 0; round++) {
    for (const sample of samples) cut(sample, middle(sample));
    const margins = marginsOf(inference.logits(rows.pack(images, samples)), labels, samples);
    yield { forwards: samples.length, gradients: 0 };
    for (const [row, sample] of samples.entries()) {
      (margins.wrong[row] === 1 ? wrong : right)[sample] = middle(sample);
    }
  }
  for (const sample of samples) cut(sample, wrong[sample] as number);
}

/** Margins [rows] of images [rows, ...] of the samples, and the gradient of their sum with respect to the images. */
function marginGradient({ inference, labels }: AttackBatch, images: Float32Array, samples: readonly number[]) {
  const { classes } = inference;
  const { logits, gradient } = inference.inputGradient(images, (found) => {
    const above = new Float32Array(found.length);
    for (const [row, rival] of marginsOf(found, labels, samples).rivals.entries()) {
      above[row * classes + (labels[samples[row] ?? row] as number)] = 1;
      above[row * classes + rival] = -1;
    }
    return above;
  });
  return { margins: marginsOf(logits, labels, samples), gradient };
}
