/** Auto-PGD (Croce & Hein 2020, section 3): ascent with momentum whose step size halves itself where progress stalls. */
import { ascend } from "./apgd-ascent.js";
import { Climb } from "./apgd-climb.js";
import { type ApgdLoss, lossFor } from "./apgd-loss.js";
import { progressChecks } from "./apgd-schedule.js";
import { apgdStart } from "./apgd-start.js";
import { rankedTargets } from "./apgd-targets.js";
import type { AttackBatch, AttackRun, Passes } from "./attack.js";

export interface ApgdConstants {
  readonly steps: number;
  readonly restarts: number;
  /** Share of a window's steps in which the loss must rise, or the step size is halved. */
  readonly rho: number;
  /** Gradients that are averaged at each iterate, for networks with randomness in them (Athalye et al. 2018). */
  readonly eot: number;
  /** Classes that "dlr-t" aims at, from the second most likely of the unperturbed image down; no other loss has any. */
  readonly targets?: number;
}

/**
 * One pass, counted from 1, from a random start: misclassified images where any iterate was, the images as they are elsewhere.
 * For "dlr-t" the passes go through all targets, then again for each further restart.
 */
export function* apgd(
  batch: AttackBatch,
  constants: ApgdConstants & { readonly loss: ApgdLoss },
  pass: Passes,
): AttackRun {
  const { images, labels, inference } = batch;
  const { targets: targetCount = 1, ...ascent } = constants;
  const loss = lossFor(constants.loss, inference.classes);
  const targets = loss === "dlr-t" ? yield* rankedTargets(batch, targetCount, pass) : null;
  const starts = apgdStart(batch, { pass, loss });
  const size = images.length / labels.length;
  const row = (values: Float32Array, sample: number) => values.subarray(sample * size, (sample + 1) * size);
  const climbs = Array.from(labels, (label, sample) => {
    return new Climb(row(images, sample), row(starts, sample), { label, target: targets?.[sample] ?? -1 });
  });
  // A network with randomness in it gets all iterations, so that the last misclassified one lies deep on the wrong side.
  const checks = progressChecks(ascent.steps);
  yield* ascend(climbs, { ...batch, ...ascent, loss, checks, dropsFooled: constants.eot === 1 });
  const found = images.slice();
  for (const [sample, { adversarial }] of climbs.entries()) found.set(adversarial ?? [], sample * size);
  return found;
}
