/** Kinds of attack, one row each: constants that a config may set, the passes that they ask for, and one pass over a batch. */
import { UsageError } from "../core/errors.js";
import type { AttackBatch, AttackRun, BallNorm, Passes } from "./attack.js";
import { type ConstantOverrides, type ConstantSchema, overridden } from "./constants.js";
import type { NearestRun } from "./nearest-images.js";
import type { AttackRecipe, Circumstances, ConstantValue } from "./recipe.js";
import type { ReliabilityCheck } from "./reliability.js";

export interface Family<Constants extends object> {
  readonly schema: ConstantSchema<Constants>;
  /** All unless given. */
  readonly norms?: readonly BallNorm[];
  /** Constants that other ones of a config imply; a sentence in place of them where they do not fit together. */
  settle?(constants: Constants, overrides: ConstantOverrides): Constants | string;
  /** As they stand in a record. */
  record(constants: Constants, circumstances: Circumstances): Readonly<Record<string, ConstantValue>>;
  passes(constants: Constants, classes: number): number;
  /** Images through the network in one pass of a sample that does not fall. */
  work(constants: Constants, classes: number): number;
  run(batch: AttackBatch, constants: Constants, pass: Passes): AttackRun;
  /** The same for the length of the perturbation, whatever the radius, where the attack looks for the shortest. */
  nearest?(batch: AttackBatch, constants: Constants, pass: Passes): NearestRun;
  checks?(constants: Constants, classes: number): readonly ReliabilityCheck[];
}

/** The recipe `name` of a family with these constants. */
export function recipeOf<Constants extends object>(
  family: Family<Constants>,
  name: string,
  constants: Constants,
): AttackRecipe {
  return {
    type: "attack",
    name,
    norms: family.norms ?? ["linf", "l2"],
    work: (classes) => family.work(constants, classes),
    constants: (circumstances) => ({ name, ...family.record(constants, circumstances) }),
    passes: (classes) => family.passes(constants, classes),
    run: (batch, pass) => family.run(batch, constants, pass),
    nearest: nearestOf(family, constants),
    checks: (classes) => family.checks?.(constants, classes) ?? [],
    with: (overrides, where) => recipeOf(family, name, withOverrides(family, constants, { overrides, where })),
    named: (other) => recipeOf(family, other, constants),
  };
}

function nearestOf<Constants extends object>({ nearest }: Family<Constants>, constants: Constants) {
  return nearest === undefined ? null : (batch: AttackBatch, pass: Passes) => nearest(batch, constants, pass);
}

function withOverrides<Constants extends object>(
  { schema, settle }: Family<Constants>,
  constants: Constants,
  given: { readonly overrides: ConstantOverrides; readonly where: string },
): Constants {
  const found = overridden(schema, constants, given);
  const settled = settle?.(found, given.overrides) ?? found;
  if (typeof settled === "string") throw new UsageError(`${given.where}: ${settled}`);
  return settled;
}
