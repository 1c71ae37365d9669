/** Which network of a run is kept as its best: on which samples it is judged, when, and by what. */
import type { InnerAttack } from "./objectives/objective.js";
import type { Samples } from "./samples.js";

export type SelectionRule = "test-clean" | "val-clean" | "val-pgd" | "last";

export interface Selection {
  readonly rule: SelectionRule;
  readonly split: "train" | "test";
  readonly samples: Samples;
  /** The attack of `val-pgd`; null where only clean accuracy counts. */
  readonly attack: InnerAttack | null;
}

export interface Evaluation {
  readonly cleanAccuracy: number;
  /** Over all samples of the selection; null without an attack. */
  readonly robustAccuracy: number | null;
}
