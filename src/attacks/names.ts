/** From names on the command line and constants in a config to recipes. */
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import { type ConstantOverrides, withConstants } from "./constants.js";
import type { AttackRecipe, PgdRecipe, Recipe } from "./recipe.js";

export interface AttackList {
  /** As `--attacks` has them, split at commas. */
  readonly names: readonly string[];
  /** What the config says below `attacks.NAME`: other constants for a known name, or a new name with its constants. */
  readonly recipes?: Readonly<Record<string, unknown>>;
  /** `--restarts`: for every pgdN that does not say its own. */
  readonly restarts?: number;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = { quick: ["clean", "fgsm", "pgd10x1"] };

/** Names that belong to the contract and that this version does not have. */
const LATER = /^(cw\d*|cw\d+x\d+|cw\d+-det|apgd-ce|apgd-dlr|apgd-t|fab|fab-t|square|bb|aa|aa-plus|aa-rand|poster)$/;
const PGD = /^pgd(\d+)(?:x(\d+)|(-det))?$/;
const DEFAULT_RESTARTS = 10;
const AVAILABLE = "clean, fgsm, pgdN, pgdNxR, pgdN-det and the group quick";

/**
 * The attacks of a list in its order, each once, without `clean`, which every evaluation begins with. UsageError for names
 * that nobody knows (with the nearest one), that this version lacks, and for constants that do not fit.
 */
export function parseAttacks({ names, recipes = {}, restarts }: AttackList): AttackRecipe[] {
  const own = new Map(Object.keys(recipes).map((name) => [name, ownRecipe(name, recipes, restarts)]));
  const wanted = names.map((name) => name.trim()).filter((name) => name !== "");
  if (wanted.length === 0) throw new UsageError(`--attacks names no attack; there are ${AVAILABLE}`);
  const found = new Map<string, AttackRecipe>();
  for (const name of wanted.flatMap((name) => GROUPS[name] ?? [name])) {
    const recipe = own.get(name) ?? own.get(canonical(name)) ?? knownRecipe(name, [...own.keys()], restarts);
    if (recipe.type !== "clean") found.set(recipe.name, recipe);
  }
  return [...found.values()];
}

/** A recipe of the contract by its name; pgdNx10 is pgdN. `others` are further names that exist, for the hint. */
function knownRecipe(name: string, others: readonly string[], restarts?: number): Recipe {
  if (name === "clean") return { type: "clean", name };
  if (name === "fgsm") return { type: "fgsm", name, randomStart: false };
  const [, steps, times, deterministic] = PGD.exec(name) ?? [];
  if (steps !== undefined) {
    const runs = deterministic ? 1 : times === undefined ? (restarts ?? DEFAULT_RESTARTS) : Number(times);
    return pgdRecipe(name, { steps: Number(steps), restarts: runs, randomStart: deterministic === undefined });
  }
  if (LATER.test(name)) throw new UsageError(`attack "${name}" is not in this version yet; there are ${AVAILABLE}`);
  throw new UsageError(`no attack is called "${name}"${didYouMean(name, hints(name, others))}; there are ${AVAILABLE}`);
}

function pgdRecipe(name: string, numbers: Pick<PgdRecipe, "steps" | "restarts" | "randomStart">): PgdRecipe {
  const { steps, restarts, randomStart } = numbers;
  if (!(steps >= 1 && restarts >= 1)) throw new UsageError(`attack "${name}": steps and restarts must be at least 1`);
  const suffix = !randomStart ? "-det" : restarts === DEFAULT_RESTARTS ? "" : `x${restarts}`;
  return { type: "pgd", name: `pgd${steps}${suffix}`, ...numbers, stepSize: null, accounting: "strict" };
}

/** The recipe that a config defines: a known name with other constants, or a new one with `base` or `steps`. */
function ownRecipe(name: string, recipes: Readonly<Record<string, unknown>>, restarts?: number): Recipe {
  const where = `attacks.${name}`;
  const given = recipes[name];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new UsageError(`${where}: expected constants, such as {steps: 20, stepSize: 2/255}`);
  }
  const { base, ...constants }: ConstantOverrides & { base?: unknown } = { ...given };
  const known = knownRecipe(baseOf(name, base, constants), [], restarts);
  return { ...withConstants(known, constants, where), name: isKnown(name) ? known.name : name };
}

function baseOf(name: string, base: unknown, { steps }: ConstantOverrides): string {
  if (typeof base === "string") return base;
  if (isKnown(name) || LATER.test(name)) return name;
  if (typeof steps === "number") return `pgd${steps}`;
  throw new UsageError(`attacks.${name}: a new attack needs steps, or base: the name of the attack that it changes`);
}

function isKnown(name: string): boolean {
  return name === "clean" || name === "fgsm" || PGD.test(name);
}

function canonical(name: string): string {
  return name.endsWith(`x${DEFAULT_RESTARTS}`) && PGD.test(name) ? name.slice(0, -3) : name;
}

function hints(name: string, others: readonly string[]): string[] {
  const steps = /\d+/.exec(name)?.[0] ?? "50";
  const pgds = ["", "x1", "-det"].map((suffix) => `pgd${steps}${suffix}`);
  return ["clean", "fgsm", "quick", ...pgds, "apgd-ce", "apgd-t", "fab-t", "square", "poster", ...others];
}
