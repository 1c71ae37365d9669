/** Constants of a recipe as a config gives them: checked, and put in place of the recipe's own. */
import { z } from "zod";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import { parseNumber } from "../core/units.js";
import type { PgdRecipe, Recipe } from "./recipe.js";

export type ConstantOverrides = Readonly<Record<string, unknown>>;

const count = z.int("expected a whole number").min(1, "must be at least 1");
const number = z
  .union([z.number(), z.string().transform(asNumber)], "expected a number, such as 2/255")
  .refine((value) => Number.isFinite(value) && value > 0, "expected a number above 0, such as 2/255");
const yesOrNo = z.boolean("expected true or false");

const fgsmConstants = z.strictObject({ randomStart: yesOrNo }).partial();
const pgdConstants = z
  .strictObject({
    steps: count,
    stepSize: number,
    restarts: count,
    randomStart: yesOrNo,
    accounting: z.enum(["strict", "foolbox"], "expected strict or foolbox"),
  })
  .partial();

/** Not a number where the text is none: the refinement names the constant, which `parseNumber` does not know. */
function asNumber(text: string): number {
  try {
    return parseNumber(text);
  } catch {
    return Number.NaN;
  }
}

/** `recipe` with these constants. UsageError, naming `where` and the constant, for unknown names and bad values. */
export function withConstants(recipe: Recipe, constants: ConstantOverrides, where: string): Recipe {
  switch (recipe.type) {
    case "clean":
      throw new UsageError(`${where}: the clean accuracy has no constants to change`);
    case "fgsm": {
      refuseUnknown(constants, Object.keys(fgsmConstants.shape), where);
      const given = accepted(fgsmConstants.safeParse(constants), where);
      return { ...recipe, randomStart: given.randomStart ?? recipe.randomStart };
    }
    case "pgd":
      refuseUnknown(constants, Object.keys(pgdConstants.shape), where);
      return pgdWith(recipe, accepted(pgdConstants.safeParse(constants), where), where);
  }
}

function pgdWith(recipe: PgdRecipe, given: z.output<typeof pgdConstants>, where: string): PgdRecipe {
  const randomStart = given.randomStart ?? recipe.randomStart;
  const restarts = given.restarts ?? (randomStart ? recipe.restarts : 1);
  if (!randomStart && restarts > 1) {
    throw new UsageError(`${where}: ${restarts} restarts without a random start are all the same; set restarts to 1`);
  }
  return {
    ...recipe,
    steps: given.steps ?? recipe.steps,
    stepSize: given.stepSize ?? recipe.stepSize,
    restarts,
    randomStart,
    accounting: given.accounting ?? recipe.accounting,
  };
}

function refuseUnknown(constants: ConstantOverrides, known: readonly string[], where: string): void {
  for (const name of Object.keys(constants)) {
    if (known.includes(name)) continue;
    throw new UsageError(`${where}.${name}: unknown constant${didYouMean(name, known)}; there are ${known.join(", ")}`);
  }
}

function accepted<Value>(parsed: z.ZodSafeParseResult<Value>, where: string): Value {
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(`${where}.${issue?.path.join(".")}: ${issue?.message}`);
}
