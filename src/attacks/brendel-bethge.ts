/** The Brendel & Bethge attack in Linf (Brendel et al. 2019), as Foolbox runs it: along the decision boundary towards the image. */
import { UsageError } from "../core/errors.js";
import type { AttackBatch, AttackRun, EngineCall, Passes } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { type BoundaryStarts, boundaryStarts, type StartOptions } from "./boundary-start.js";
import { BoundaryWalk } from "./boundary-walk.js";
import { clipPixel } from "./clip-pixel.js";
import { marginsOf } from "./margins.js";
import type { NearestImages } from "./nearest-images.js";

type Bounds = AttackBatch["threat"]["bounds"];

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
 * the random draws. Returns the nearest misclassified images with the perturbation cut to the radius, which Foolbox counts as a
 * success where they still are; the clean image where no start was found. A gradient a step, 10 forwards, and those of the start.
 * Throws UsageError unless the norm is Linf.
 */
export function* brendelBethge(batch: AttackBatch, constants: BrendelBethgeConstants, pass: Passes): AttackRun {
  checkNorm(batch);
  const epsilon = Math.fround(batch.threat.epsilon);
  const starts = yield* boundaryStarts(batch, { ...constants, pass });
  const { images } = yield* walkBoundary(batch, starts, { ...constants, enough: epsilon });
  const cut = new Float32Array(images.length);
  cutInto(cut, { start: images, origin: batch.images, limit: epsilon, bounds: batch.threat.bounds });
  return cut;
}

/** The same for its own sake: all steps for every sample, and the nearest misclassified image uncut. An infinite norm: no start was found. */
export function* brendelBethgeMinimal(
  batch: AttackBatch,
  constants: BrendelBethgeConstants,
  pass: Passes,
): Generator<EngineCall, NearestImages> {
  checkNorm(batch);
  const starts = yield* boundaryStarts(batch, { ...constants, pass });
  return yield* walkBoundary(batch, starts, { ...constants, enough: null });
}

function checkNorm({ threat }: AttackBatch): void {
  if (threat.norm === "linf") return;
  throw new UsageError(
    `the Brendel & Bethge attack is made for linf, not ${threat.norm}: leave it out, or attack in linf`,
  );
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

/** Cuts the perturbations of `samples` in place to the smallest part of the range, in 1024ths, at which they are misclassified. */
function* bisectToBoundary(
  images: Float32Array,
  batch: AttackBatch,
  samples: readonly number[],
): Generator<EngineCall, void> {
  const { inference, labels, threat } = batch;
  const rows = new BatchRows(batch);
  const starts = images.slice();
  const right = new Float64Array(labels.length);
  const wrong = new Float64Array(labels.length).fill(threat.bounds[1] - threat.bounds[0]);
  const middle = (sample: number) => ((right[sample] as number) + (wrong[sample] as number)) / 2;
  const cut = (sample: number, limit: number) =>
    cutInto(rows.of(images, sample), {
      start: rows.of(starts, sample),
      origin: rows.of(batch.images, sample),
      limit,
      bounds: threat.bounds,
    });
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

/** origin + clamp(start - origin, -limit, limit), for arrays of one length. */
function cutInto(
  out: Float32Array,
  cut: { readonly start: Float32Array; readonly origin: Float32Array; readonly limit: number; readonly bounds: Bounds },
): void {
  for (let i = 0; i < out.length; i++) {
    const pixel = cut.origin[i] as number;
    const difference = Math.fround((cut.start[i] as number) - pixel);
    const shortened = Math.max(-cut.limit, Math.min(cut.limit, difference));
    out[i] = clipPixel(Math.fround(pixel + shortened), cut.bounds);
  }
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
