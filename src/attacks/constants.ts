/** Constants of a recipe as a config gives them: checked, and put in place of the recipe's own. */
import { z } from "zod";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import { parseNumber } from "../core/units.js";

export type ConstantOverrides = Readonly<Record<string, unknown>>;

/** A schema that knows its constants by name. */
export type ConstantSchema<Constants> = z.ZodType<Constants> & { readonly shape: Readonly<Record<string, unknown>> };

export const count = z.int("expected a whole number").min(1, "must be at least 1");
export const yesOrNo = z.boolean("expected true or false");
export const positive = numberWhere((value) => Number.isFinite(value) && value > 0, "a number above 0, such as 2/255");
export const fraction = numberWhere((value) => value >= 0 && value <= 1, "a number from 0 to 1");
/** Infinity, `.inf` in YAML, is one. */
export const notNegative = numberWhere((value) => value >= 0, "a number of at least 0");

/** Numbers, or text such as 2/255, that `accepts` allows. */
function numberWhere(accepts: (value: number) => boolean, expected: string): z.ZodType<number> {
  const written = z.union([z.number(), z.literal(Number.POSITIVE_INFINITY), z.string().transform(asNumber)], {
    error: `expected ${expected}`,
  });
  return written.refine(accepts, `expected ${expected}`);
}

/** Not a number where the text is none: the refinement names the constant, which `parseNumber` does not know. */
function asNumber(text: string): number {
  try {
    return parseNumber(text);
  } catch {
    return Number.NaN;
  }
}

/** `constants` with `overrides` in their place. UsageError, naming `where` and the constant. */
export function overridden<Constants extends object>(
  schema: ConstantSchema<Constants>,
  constants: Constants,
  { overrides, where }: { readonly overrides: ConstantOverrides; readonly where: string },
): Constants {
  const known = Object.keys(schema.shape);
  for (const name of Object.keys(overrides)) {
    if (known.includes(name)) continue;
    throw new UsageError(`${where}.${name}: unknown constant${didYouMean(name, known)}; there are ${known.join(", ")}`);
  }
  const parsed = schema.safeParse({ ...constants, ...overrides });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(`${where}.${issue?.path.join(".")}: ${issue?.message}`);
}
