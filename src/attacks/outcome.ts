/** The result of one attack over a range of samples. */
import type { Norm } from "../engines/engine.js";
import { encodeOutcomes } from "../records/outcomes.js";
import type { AttackConstants } from "./recipe.js";
import type { ReliabilityCheck } from "./reliability.js";

export interface Outcome {
  readonly attack: AttackConstants;
  readonly norm: Norm;
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
}

/** Samples of the range that are still right. */
export function countCorrect({ robust }: Pick<Outcome, "robust">): number {
  return robust.reduce((sum, flag) => sum + flag, 0);
}

/** The fields of an `attack.result` record that come from the attack; checkpoint, data and the radius as text do not. */
export function resultFields(outcome: Outcome) {
  const { robust, range, foolboxCorrect, reliability, ...fields } = outcome;
  const correct = countCorrect(outcome);
  const [from, to] = range;
  const counts = { samples: to - from, correct, accuracy: correct / (to - from), outcomes: encodeOutcomes(robust) };
  const foolbox = foolboxCorrect === undefined ? {} : { foolboxCorrect };
  return {
    ...fields,
    range: [from, to] satisfies [number, number],
    ...counts,
    reliability: [...reliability],
    ...foolbox,
  };
}
