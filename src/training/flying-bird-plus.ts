/**
 * Flying Bird+ (Chen et al. 2022): how many connections a network has follows how it trains. While it overfits more go, while its
 * loss does not fall more come, judged by the last four changes from epoch to epoch.
 */
import type { StateTensor } from "../engines/engine.js";
import type { EpochOutcome } from "./update.js";

/** Changes from epoch to epoch that are looked at. */
const CHANGES = 4;

/** Share of them that decides. */
const THRESHOLD = 0.5;

export class TrainingTrends {
  /** Accuracy in training less that under attack on the selection set, the latest last. */
  readonly #gaps: number[];
  /** Loss under attack on the selection set. */
  readonly #losses: number[];

  /** Begins where `state()` of an earlier run was. */
  constructor(state: ReadonlyMap<string, StateTensor> | null) {
    this.#gaps = [...(state?.get(GAPS)?.values ?? [])];
    this.#losses = [...(state?.get(LOSSES)?.values ?? [])];
  }

  /** One more epoch; one that was not judged under attack leaves no trace. */
  follow({ trainAccuracy, evaluation }: EpochOutcome): void {
    if (evaluation === null || evaluation.robustAccuracy === null || evaluation.robustLoss === null) return;
    keepLast(this.#gaps, trainAccuracy - evaluation.robustAccuracy);
    keepLast(this.#losses, evaluation.robustLoss);
  }

  /** Whether the gap between training and selection set has grown in at least half of the last changes. */
  overfits(): boolean {
    return isOften(this.#gaps, (change) => change > 0);
  }

  /** Whether the loss has not fallen in at least half of them. */
  isStuck(): boolean {
    return isOften(this.#losses, (change) => change >= 0);
  }

  state(): Map<string, StateTensor> {
    return new Map([
      [GAPS, { type: "f32", values: Float32Array.from(this.#gaps) }],
      [LOSSES, { type: "f32", values: Float32Array.from(this.#losses) }],
    ]);
  }
}

const GAPS = "trends.gap";
const LOSSES = "trends.loss";

/** Rounded as it is saved, so that a resumed run judges the same numbers. */
function keepLast(numbers: number[], next: number): void {
  numbers.push(Math.fround(next));
  if (numbers.length > CHANGES + 1) numbers.shift();
}

function isOften(numbers: readonly number[], holds: (change: number) => boolean): boolean {
  const changes = numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0));
  return changes.length > 0 && changes.filter(holds).length >= THRESHOLD * changes.length;
}
