/** What an interrupted evaluation has done, so that another process goes on there: attack by attack, batch by batch. */
import type { BallNorm } from "./attack.js";
import type { Counts } from "./meter.js";
import type { Outcome } from "./outcome.js";

/** Where an attack is: samples from `next` on have still to go through `pass`, then all that stand through the later ones. */
export interface Place {
  readonly pass: number;
  /** Dataset index. */
  readonly next: number;
  /** 1 where a sample of the range still stands. */
  readonly standing: Uint8Array;
  /** Lengths of the shortest perturbations so far, infinite where there is none; null where none are looked for. */
  readonly norms: Float64Array | null;
  readonly counts: Counts;
}

/** What an attack found, without its name and constants. */
export type Finding = Pick<
  Outcome,
  "robust" | "forwards" | "gradients" | "seconds" | "reliability" | "foolboxCorrect" | "norms"
>;

export interface AttackJournal {
  /** Where the attack was when its evaluation was interrupted; null: at the beginning. */
  place(): Place | null;
  /** After each batch; what `place` holds may change afterwards. */
  reach(place: Place): Promise<void>;
  /** What the attack found, where it came to its end. */
  finding(): Finding | null;
  finish(finding: Finding): Promise<void>;
}

/** The journal of one attack of an evaluation, by a key that tells it from the others. */
export type Journal = (attack: string) => AttackJournal;

/** Attacks of one evaluation differ in one of these. */
export function journalKey({
  recipe,
  norm,
  epsilon,
}: {
  readonly recipe: { readonly name: string };
  readonly norm: BallNorm;
  readonly epsilon: number;
}): string {
  return `${recipe.name} ${norm} ${epsilon}`;
}

/** For an evaluation that is not kept. */
export const noJournal: Journal = () => ({
  place: () => null,
  reach: async () => {},
  finding: () => null,
  finish: async () => {},
});
