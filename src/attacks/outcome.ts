/** The result of one attack over a range of samples. */

import { encodeOutcomes } from "../records/outcomes.js";
import type { BallNorm } from "./attack.js";
import type { AttackConstants } from "./recipe.js";
import type { ReliabilityCheck } from "./reliability.js";

export interface Outcome {
  readonly attack: AttackConstants;
  readonly norm: BallNorm;
  readonly epsilon: number;
  readonly seed: number;
  /** Dataset indices [from, to). */
  readonly range: readonly [number, number];
  /** 1 where the sample is classified rightly and no run of the attack changed that; one a sample of the range. */
  readonly robust: Uint8Array;
  /** Images through the network; a gradient includes its forward. */
  readonly forwards: number;
  readonly gradients: number;
  readonly seconds: number;
  readonly reliability: readonly ReliabilityCheck[];
  /** Samples that no run's last iterate got misclassified, clean errors among them: Foolbox's count. */
  readonly foolboxCorrect?: number;
  /** Of an ensemble for random networks: mean accuracy of ten passes over the images that it found. */
  readonly repeatedAccuracy?: number;
  /** 1 where a sample of the range was taken, when not all were. */
  readonly included?: Uint8Array;
  /** Lengths of the shortest perturbations found, one a sample of the range; null where none was, 0 where wrong from the start. */
  readonly norms?: readonly (number | null)[];
}

/** Samples that were taken. */
export function countSamples({ range: [from, to], included }: Pick<Outcome, "range" | "included">): number {
  return included === undefined ? to - from : countCorrect({ robust: included });
}

/** Samples of the range that are still right. */
export function countCorrect({ robust }: Pick<Outcome, "robust">): number {
  return robust.reduce((sum, flag) => sum + flag, 0);
}

/** The fields of an `attack.result` record that come from the attack; checkpoint, data and the radius as text do not. */
export function resultFields(outcome: Outcome) {
  const { robust, range, foolboxCorrect, reliability, included, norms, ...fields } = outcome;
  const correct = countCorrect(outcome);
  const [from, to] = range;
  const samples = countSamples(outcome);
  const counts = { samples, correct, accuracy: correct / samples, outcomes: encodeOutcomes(robust) };
  const foolbox = foolboxCorrect === undefined ? {} : { foolboxCorrect };
  return {
    ...fields,
    range: [from, to] satisfies [number, number],
    ...counts,
    reliability: [...reliability],
    ...foolbox,
    ...(included === undefined ? {} : { included: encodeOutcomes(included) }),
    ...(norms === undefined ? {} : { norms: [...norms] }),
  };
}
