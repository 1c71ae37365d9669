/** The fast adaptive boundary attack (Croce & Hein 2020), as AutoAttack runs it: the smallest perturbation, by projections. */
import { classesOfRank } from "./apgd-loss.js";
import { type AttackBatch, type AttackRun, type BallNorm, type EngineCall, type Passes, passOf } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { fabStart } from "./fab-start.js";
import { FabSteps } from "./fab-steps.js";
import { marginsOf } from "./margins.js";
import type { NearestImages } from "./nearest-images.js";
import { nearestPlanes, targetPlanes } from "./nearest-plane.js";

export interface FabConstants {
  /** 100 */
  readonly steps: number;
  /** 0: in each step the nearest boundary to any class. T: one class a pass, those with the T largest clean logits beside the label's. */
  readonly targets: number;
  /** Runs for each target, all but the first from a random start: 5 untargeted, 1 targeted. */
  readonly restarts: number;
}

/** How many passes a sample may need: the restarts of each target that the network has classes for. */
export function fabPasses({ targets, restarts }: FabConstants, classes: number): number {
  return Math.max(1, Math.min(targets, classes - 1)) * restarts;
}

/**
 * One pass, from 1 to `fabPasses`, over samples that are classified rightly. Returns the nearest adversarial images where they lie
 * within the radius, without any tolerance, the clean ones elsewhere; a sample is finished as soon as one does. Without random
 * starts nothing is random. A gradient and a forward a step; untargeted a gradient for each other class.
 */
export function* fab(batch: AttackBatch, constants: FabConstants, pass: Passes): AttackRun {
  const { norm, epsilon } = batch.threat;
  const { images } = yield* findNearest(batch, constants, { pass, norm, enough: Math.fround(epsilon) });
  return images;
}

/** The same for its own sake: all steps for every sample, and the nearest adversarial image wherever one was found. */
export function fabMinimal(batch: AttackBatch, constants: FabConstants, pass: Passes) {
  return findNearest(batch, constants, { pass, norm: batch.threat.norm, enough: null });
}

export interface FabSearch {
  readonly pass: Passes;
  /** Which length is to be small. */
  readonly norm: BallNorm;
  /** A sample with a perturbation this short is finished, longer ones are not returned; null: all steps, any length. */
  readonly enough: number | null;
}

/** The search behind both. */
export function* findNearest(
  batch: AttackBatch,
  constants: FabConstants,
  { pass, norm, enough }: FabSearch,
): Generator<EngineCall, NearestImages> {
  const { inference, labels } = batch;
  const rows = new BatchRows(batch);
  const clean = yield* cleanLogits(batch);
  const targets = targetsOf(clean, { classes: inference.classes, constants, pass });
  const start = fabStart(batch, { norm, pass, restarts: constants.restarts });
  const state = new FabSteps(batch, { start, norm, clean: marginsOf(clean, labels) });
  for (let step = 0; step < constants.steps; step++) {
    const active = state.unfinished(enough);
    if (active.length === 0) break;
    const search = { inference, images: rows.pack(state.images, active), labels: pick(labels, active) };
    const planes =
      targets === null ? yield* nearestPlanes(search, norm) : yield* targetPlanes(search, pick(targets, active));
    state.project(active, planes);
    const logits = inference.logits(rows.pack(state.images, active));
    yield { forwards: active.length, gradients: 0 };
    state.judge(active, marginsOf(logits, labels, active));
  }
  return state.nearest(enough);
}

function* cleanLogits(batch: AttackBatch): Generator<EngineCall, Float32Array> {
  if (batch.cleanLogits !== undefined) return batch.cleanLogits;
  const logits = batch.inference.logits(batch.images);
  yield { forwards: batch.labels.length, gradients: 0 };
  return logits;
}

/** The target of each sample, or null for all: the label is the class of rank 1, so the first target is that of rank 2. */
function targetsOf(
  logits: Float32Array,
  { classes, constants, pass }: { readonly classes: number; readonly constants: FabConstants; readonly pass: Passes },
): Int32Array | null {
  if (constants.targets === 0) return null;
  const { restarts } = constants;
  return classesOfRank(logits, classes, (sample) => 2 + Math.floor((passOf(pass, sample) - 1) / restarts));
}

function pick(values: ArrayLike<number>, samples: readonly number[]): Int32Array {
  return Int32Array.from(samples, (sample) => values[sample] ?? 0);
}
