/** Attacks as data: a name, every constant that the result depends on, and how one pass over a batch goes. */
import type { AttackBatch, AttackRun, BallNorm, Passes } from "./attack.js";
import type { ConstantOverrides } from "./constants.js";
import type { NearestRun } from "./nearest-images.js";
import type { ReliabilityCheck } from "./reliability.js";

export type ConstantValue = string | number | boolean | readonly AttackConstants[];

/** The name and all constants, as they stand in a record. */
export interface AttackConstants {
  readonly name: string;
  readonly [constant: string]: ConstantValue;
}

/** What a constant may hang on besides its recipe. */
export interface Circumstances {
  readonly epsilon: number;
  readonly classes: number;
}

export interface CleanRecipe {
  readonly type: "clean";
  readonly name: string;
}

export interface AttackRecipe {
  readonly type: "attack";
  readonly name: string;
  constants(circumstances: Circumstances): AttackConstants;
  /** Of the balls that it can search. */
  readonly norms: readonly BallNorm[];
  /** Images through the network in one pass of a sample that does not fall. */
  work(classes: number): number;
  /** How many passes a sample may need: restarts, targets. */
  passes(classes: number): number;
  /** One pass, counted from 1, which names the random draws: so R + 1 restarts contain R. */
  run(batch: AttackBatch, pass: Passes): AttackRun;
  /** One pass for the shortest perturbation, whatever the radius; null where the attack looks for none. */
  readonly nearest: ((batch: AttackBatch, pass: Passes) => NearestRun) | null;
  /** What to say of this attack on a network of so many classes. */
  checks(classes: number): readonly ReliabilityCheck[];
  /** With other constants. UsageError, naming `where` and the constant, for unknown names and bad values. */
  with(overrides: ConstantOverrides, where: string): AttackRecipe;
  named(name: string): AttackRecipe;
}

/** Attacks one after the other, each on what the ones before it left standing. */
export interface EnsembleRecipe {
  readonly type: "ensemble";
  readonly name: string;
  readonly members: readonly AttackRecipe[];
}

export type Recipe = CleanRecipe | AttackRecipe | EnsembleRecipe;

export const cleanConstants: AttackConstants = { name: "clean", randomStart: false };
