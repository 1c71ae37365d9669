/** The attacks that have a name of their own, each with its published constants. */
import { UsageError } from "../core/errors.js";
import type { BallNorm } from "./attack.js";
import {
  apgdFamily,
  brendelBethgeFamily,
  cwFamily,
  fabFamily,
  fgsmFamily,
  pgdFamily,
  squareFamily,
  targetedApgdFamily,
  targetedFabFamily,
} from "./families.js";
import { l1ApgdFamily, targetedL1ApgdFamily } from "./families-l1.js";
import { recipeOf } from "./family.js";
import type { AttackRecipe } from "./recipe.js";

/** Of the publication's PGD-50, and of every other number of steps. */
export const DEFAULT_RESTARTS = 10;

const STEPPED = /^(pgd|cw)(\d+)(?:x(\d+)|(-det))?$/;

/** As the standard ensemble has them (Croce & Hein 2020, section 6). */
const apgdConstants = { steps: 100, restarts: 1, rho: 0.75, eot: 1 };

/** Foolbox's, with one image as its batch. */
const bbConstants = {
  steps: 1000,
  learningRate: 1e-3,
  bbRefBatch: 1,
  start: "blended-noise" as const,
  noiseDraws: 1000,
};

const fixed: Readonly<Record<string, AttackRecipe>> = recipesByName(
  recipeOf(fgsmFamily, "fgsm", { randomStart: false }),
  recipeOf(apgdFamily("ce"), "apgd-ce", apgdConstants),
  recipeOf(apgdFamily("dlr"), "apgd-dlr", apgdConstants),
  recipeOf(targetedApgdFamily, "apgd-t", { ...apgdConstants, targets: 9 }),
  recipeOf(fabFamily, "fab", { steps: 100, restarts: 5 }),
  recipeOf(targetedFabFamily, "fab-t", { steps: 100, restarts: 1, targets: 9 }),
  recipeOf(squareFamily, "square", { queries: 5000, p0: 0.8, excludeLast: true }),
  recipeOf(brendelBethgeFamily, "bb", bbConstants),
);

/** In L1 the standard ensemble has more restarts and fewer targets, and begins in larger balls (Croce & Hein 2021, section 5). */
const l1Constants = { steps: 100, restarts: 5, eot: 1, largerRadii: true };

const fixedInL1: Readonly<Record<string, AttackRecipe>> = {
  ...fixed,
  ...recipesByName(
    recipeOf(l1ApgdFamily("ce"), "apgd-ce", l1Constants),
    recipeOf(l1ApgdFamily("dlr"), "apgd-dlr", l1Constants),
    recipeOf(targetedL1ApgdFamily, "apgd-t", { ...l1Constants, restarts: 1, targets: 5 }),
  ),
};

/** What a name may hang on besides itself. */
export interface RecipeChoice {
  /** Of each pgdN and cwN that names none. */
  readonly restarts?: number | undefined;
  /** In which Auto-PGD differs: linf unless given. */
  readonly norm?: BallNorm | undefined;
}

/** Names without those of ensembles and groups, for messages. */
export const AVAILABLE = `clean, fgsm, pgdN, pgdNxR, pgdN-det, cwN, cwN-det, ${Object.keys(fixed).slice(1).join(", ")}`;

/** Names of the attacks that there are in a norm, without pgdN and cwN. */
export function namesIn(norm: BallNorm): readonly string[] {
  return Object.values(norm === "l1" ? fixedInL1 : fixed)
    .filter(({ norms }) => norms.includes(norm))
    .map(({ name }) => name);
}

/** The recipe of a name; null where there is none. UsageError for `pgd0`. */
export function knownRecipe(name: string, { restarts, norm }: RecipeChoice = {}): AttackRecipe | null {
  const spelled = name === "cw" ? "cw50-det" : name;
  const [, prefix, steps, times, deterministic] = STEPPED.exec(spelled) ?? [];
  const named = norm === "l1" ? fixedInL1 : fixed;
  if (steps === undefined) return Object.hasOwn(named, name) ? (named[name] ?? null) : null;
  const runs = deterministic ? 1 : times === undefined ? (restarts ?? DEFAULT_RESTARTS) : Number(times);
  const numbers = { steps: Number(steps), stepSize: null, restarts: runs, randomStart: deterministic === undefined };
  if (!(numbers.steps >= 1 && runs >= 1))
    throw new UsageError(`attack "${name}": steps and restarts must be at least 1`);
  const stepped = { ...numbers, accounting: "strict" as const };
  const canonical = `${prefix}${numbers.steps}${suffixOf(numbers)}`;
  if (prefix === "pgd") return recipeOf(pgdFamily, canonical, stepped);
  return recipeOf(cwFamily, canonical, { ...stepped, kappa: 50 });
}

/** What a mistyped name may have meant. */
export function likelyNames(name: string): string[] {
  const steps = /\d+/.exec(name)?.[0] ?? "50";
  const stepped = ["pgd", "cw"].flatMap((prefix) => ["", "x1", "-det"].map((suffix) => `${prefix}${steps}${suffix}`));
  return ["clean", ...Object.keys(fixed), ...stepped];
}

function suffixOf({ restarts, randomStart }: { readonly restarts: number; readonly randomStart: boolean }): string {
  if (!randomStart) return "-det";
  return restarts === DEFAULT_RESTARTS ? "" : `x${restarts}`;
}

function recipesByName(...recipes: readonly AttackRecipe[]): Readonly<Record<string, AttackRecipe>> {
  return Object.fromEntries(recipes.map((recipe) => [recipe.name, recipe]));
}
