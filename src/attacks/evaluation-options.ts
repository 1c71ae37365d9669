/** What an evaluation is told: the network, its samples, and which attacks in which balls. */
import type { Inference } from "../engines/engine.js";
import type { BallNorm, TestSamples } from "./attack.js";
import type { Journal } from "./journal.js";
import type { EvaluationHooks } from "./meter.js";
import type { AttackRecipe, EnsembleRecipe } from "./recipe.js";

export interface Planned<Recipe> {
  readonly recipe: Recipe;
  readonly norm: BallNorm;
  readonly epsilon: number;
  /** Whether the shortest perturbations are wanted too, where the attack looks for them. */
  readonly minimal?: boolean;
}

export type PlannedAttack = Planned<AttackRecipe | EnsembleRecipe>;

export interface EvaluationOptions {
  readonly inference: Inference;
  /** Another network, that attacks see in place of the one under test; this one then only judges their images. */
  readonly source?: { readonly inference: Inference; readonly sha256: string };
  readonly samples: TestSamples;
  /** Dataset indices [from, to). */
  readonly range: readonly [number, number];
  /** 1 for each sample of the range that is to be taken; all unless given. */
  readonly included?: Uint8Array;
  readonly attacks: readonly PlannedAttack[];
  readonly seed: number;
  readonly bounds: readonly [number, number];
  /** Images a pass; results do not depend on it. */
  readonly batchSize: number;
  readonly hooks?: EvaluationHooks;
  /** What an interrupted run of the same evaluation left. */
  readonly journal?: Journal;
}

/** 1 for each sample of the range that is taken. */
export function includedOf({ included, range }: EvaluationOptions): Uint8Array {
  return included?.slice() ?? new Uint8Array(range[1] - range[0]).fill(1);
}
