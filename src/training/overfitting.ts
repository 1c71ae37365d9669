/** Two ways in which adversarial training goes wrong unseen, told from the accuracies of an epoch. */
import type { Evaluation } from "./selection.js";

export interface Overfitting {
  /** The best robust accuracy so far less that of now (Rice et al. 2020); null where none is measured. */
  readonly robustOverfitting: number | null;
  /**
   * Accuracy under one full step less that under many (Wong et al. 2020): a network that only withstands single steps has a large
   * one. Null where none is measured.
   */
  readonly catastrophicOverfitting: number | null;
}

/** Above this difference the line for people speaks of it; ordinary training stays below a tenth. */
export const CATASTROPHIC = 0.2;

type RobustAccuracies = Pick<Evaluation, "robustAccuracy" | "oneStepAccuracy">;

export function overfittingOf(now: RobustAccuracies | null, best: RobustAccuracies | null): Overfitting {
  const robust = now?.robustAccuracy ?? null;
  const oneStep = now?.oneStepAccuracy ?? null;
  const bestRobust = best?.robustAccuracy ?? null;
  return {
    robustOverfitting: robust === null || bestRobust === null ? null : Math.max(0, bestRobust - robust),
    catastrophicOverfitting: robust === null || oneStep === null ? null : oneStep - robust,
  };
}
