/** Projected gradient descent (Madry et al. 2018, equation 3), as Foolbox runs it: the last iterate counts. */
import { UsageError } from "../core/errors.js";
import type { LossFunction } from "../losses/loss.js";
import type { AttackBatch, AttackRun, Passes } from "./attack.js";
import { randomStart } from "./random-start.js";

export interface AscentConstants {
  /** What the steps ascend: the cross-entropy, or for "CW" the margin (Carlini & Wagner 2017). */
  readonly loss: LossFunction;
  readonly steps: number;
  readonly stepSize: number;
  readonly randomStart: boolean;
}

/** `steps` steps of ascent from the images, or from a random start; `restart` counts from 1. No early stop, no memory. UsageError for l1. */
export function* pgd(batch: AttackBatch, constants: AscentConstants, restart: Passes): AttackRun {
  const { inference, threat, images: origin, labels } = batch;
  const { norm } = threat;
  if (norm === "l1") throw new UsageError("projected gradient descent is made for linf and l2, not for l1");
  let zeroGradients: number | null = null;
  const lossGradient = (logits: Float32Array) => {
    const { gradient } = constants.loss(logits, labels, inference.classes);
    // At the start only: later ones say nothing new, and cost time.
    zeroGradients ??= countZeroRows(gradient, inference.classes);
    return gradient;
  };
  const images = constants.randomStart ? randomStart(batch, restart) : origin;
  const ascent = inference.ascend({ ...threat, norm, images, origin, lossGradient, stepSize: constants.stepSize });
  try {
    for (let step = 0; step < constants.steps; step++) {
      ascent.advance(1);
      const call = { forwards: 0, gradients: labels.length };
      yield step === 0 ? { ...call, zeroGradients: zeroGradients ?? 0 } : call;
    }
    return ascent.images();
  } finally {
    ascent.dispose();
  }
}

function countZeroRows(gradient: Float32Array, classes: number): number {
  let zero = 0;
  for (let from = 0; from < gradient.length; from += classes) {
    if (gradient.subarray(from, from + classes).every((value) => value === 0)) zero++;
  }
  return zero;
}
