/** The fast gradient sign method (Goodfellow et al. 2015): one step as long as the radius. */

import { crossEntropy } from "../losses/cross-entropy.js";
import type { AttackBatch, AttackRun } from "./attack.js";
import { pgd } from "./pgd.js";

export interface FgsmConstants {
  readonly randomStart: boolean;
}

/** clip(x + epsilon sign(gradient)), for L2 along the gradient itself; from a random start, projected onto the ball after it. */
export function fgsm(batch: AttackBatch, constants: FgsmConstants): AttackRun {
  const step = { loss: crossEntropy, steps: 1, stepSize: batch.threat.epsilon };
  return pgd(batch, { ...step, randomStart: constants.randomStart }, 1);
}
