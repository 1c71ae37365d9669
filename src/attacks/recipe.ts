/** Attacks as data: a name and every constant that the result depends on. */
import type { AttackBatch, AttackRun } from "./attack.js";
import { type FgsmConstants, fgsm } from "./fgsm.js";
import { pgd } from "./pgd.js";

/** Whether clean errors are attacked too, to count as Foolbox does; outcomes and accuracy are strict in both. */
export type Accounting = "strict" | "foolbox";

export interface CleanRecipe {
  readonly type: "clean";
  readonly name: string;
}

export interface FgsmRecipe extends FgsmConstants {
  readonly type: "fgsm";
  readonly name: string;
}

export interface PgdRecipe {
  readonly type: "pgd";
  readonly name: string;
  readonly steps: number;
  /** null: 2.5 epsilon / steps. */
  readonly stepSize: number | null;
  readonly restarts: number;
  readonly randomStart: boolean;
  readonly accounting: Accounting;
}

export type AttackRecipe = FgsmRecipe | PgdRecipe;
export type Recipe = CleanRecipe | AttackRecipe;

export interface AttackConstants {
  readonly name: string;
  readonly [constant: string]: string | number | boolean;
}

/** The name and all constants at this radius, as they stand in a record. */
export function constantsOf(recipe: Recipe, epsilon: number): AttackConstants {
  switch (recipe.type) {
    case "clean":
      return { name: recipe.name, randomStart: false };
    case "fgsm":
      return { name: recipe.name, randomStart: recipe.randomStart };
    case "pgd": {
      const { name, steps, restarts, randomStart, accounting } = recipe;
      return { name, steps, stepSize: stepSizeOf(recipe, epsilon), restarts, randomStart, accounting };
    }
  }
}

/** How many runs a sample may need, and engine calls with a gradient in each. */
export function runsOf(recipe: AttackRecipe): { readonly restarts: number; readonly steps: number } {
  return recipe.type === "pgd" ? recipe : { restarts: 1, steps: 1 };
}

/** One run over a batch; `restart` counts from 1 and names the random draws, so that R + 1 restarts contain R. */
export function runAttack(recipe: AttackRecipe, batch: AttackBatch, restart: number): AttackRun {
  if (recipe.type === "fgsm") return fgsm(batch, recipe);
  return pgd(batch, { ...recipe, stepSize: stepSizeOf(recipe, batch.threat.epsilon) }, restart);
}

function stepSizeOf({ stepSize, steps }: PgdRecipe, epsilon: number): number {
  return stepSize ?? (2.5 * epsilon) / steps;
}
