/** What `attack-eval` will run on each network: attacks at radii, over a range of samples. */
import type { BallNorm } from "../attacks/attack.js";
import type { PlannedAttack } from "../attacks/evaluation-options.js";
import { namesIn } from "../attacks/known-recipes.js";
import { parseAttacks } from "../attacks/names.js";
import { UsageError } from "../core/errors.js";
import type { Spelled } from "./option-values.js";
import type { Recipes } from "./options.js";

/** An attack and its radius as it was written. */
export interface SpelledAttack extends PlannedAttack {
  readonly epsilonText: string;
}

/** Customary radii of CIFAR-10 (RobustBench; for L1 Croce & Hein 2021). */
const RADII: Readonly<Record<BallNorm, Spelled>> = {
  linf: { value: 8 / 255, text: "8/255" },
  l2: { value: 0.5, text: "0.5" },
  l1: { value: 12, text: "12" },
};

export interface AttackChoice {
  readonly attacks: Recipes;
  readonly restarts: number | null;
  readonly norm: BallNorm;
  readonly epsilon: Spelled | null;
  readonly epsilons: readonly Spelled[] | null;
  /** Whether the shortest perturbations are wanted of attacks that look for them. */
  readonly minimal: boolean;
}

/** Every attack at every radius, the attacks of one radius together. UsageError for names and constants that do not fit. */
export function planAttacks(choice: AttackChoice): readonly SpelledAttack[] {
  const { attacks, norm, epsilon, epsilons, minimal } = choice;
  if (epsilon !== null && epsilons !== null)
    throw new UsageError("--epsilon and --epsilons exclude each other; give one");
  const recipes = parseAttacks({
    names: [...attacks.keys()],
    norm,
    recipes: Object.fromEntries([...attacks].filter(([, constants]) => Object.keys(constants).length > 0)),
    ...(choice.restarts === null ? {} : { restarts: choice.restarts }),
  });
  checkNorm(recipes, norm);
  if (minimal && !recipes.some((recipe) => recipe.type === "attack" && recipe.nearest !== null)) {
    throw new UsageError("--minimal: no attack of --attacks looks for the shortest perturbation; add fab, fab-t or bb");
  }
  const radii = differentRadii(epsilons ?? [epsilon ?? RADII[norm]]);
  checkRadii(radii, norm);
  return radii.flatMap(({ value, text }) =>
    recipes.map((recipe) => ({ recipe, norm, epsilon: value, epsilonText: text, minimal })),
  );
}

/** A radius that is asked for twice is measured once. */
function differentRadii(radii: readonly Spelled[]): readonly Spelled[] {
  return radii.filter(({ value }, i) => radii.findIndex((other) => other.value === value) === i);
}

/** Pixels lie in [0, 1]: a larger radius in Linf is most likely meant in 255ths. */
function checkRadii(radii: readonly Spelled[], norm: BallNorm): void {
  const far = radii.find(({ value }) => norm === "linf" && value > 1);
  if (far === undefined) return;
  throw new UsageError(
    `ε ${far.text} is more than the whole range of pixels, 0 to 1${far.value <= 255 ? `; did you mean ${far.text}/255?` : ""}`,
  );
}

function checkNorm(recipes: readonly PlannedAttack["recipe"][], norm: BallNorm): void {
  const singles = recipes.flatMap((recipe) => (recipe.type === "ensemble" ? recipe.members : [recipe]));
  const unfit = singles.find(({ norms }) => !norms.includes(norm));
  if (unfit === undefined) return;
  const only = `there is none in ${norm}, only in ${unfit.norms.join(", ")}`;
  throw new UsageError(`attack "${unfit.name}": ${only}; in ${norm} there are ${namesIn(norm).join(", ")}`);
}

export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** `2/4`. UsageError unless 1 <= I <= N. */
export function parseShard(text: string): Shard {
  const [, number, of] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { number: Number(number), of: Number(of) };
  if (shard.number >= 1 && shard.number <= shard.of) return shard;
  throw new UsageError(`--shard ${text}: is not of the form I/N with I from 1 to N`);
}

/** Indices [from, to) of the samples to attack; `shard`: `--shard` as written, or null for all. */
export function rangeOf(samples: number, shard: string | null): [number, number] {
  return shard === null ? [0, samples] : shardRange(samples, parseShard(shard));
}

/** The contiguous part of `samples` that a shard attacks, [from, to). UsageError where it is empty. */
export function shardRange(samples: number, { number, of }: Shard): [number, number] {
  const begin = (shard: number) => Number((BigInt(shard - 1) * BigInt(samples)) / BigInt(of));
  const range: [number, number] = [begin(number), begin(number + 1)];
  if (range[0] < range[1]) return range;
  throw new UsageError(`--shard ${number}/${of}: has none of the ${samples} samples; use at most ${samples} shards`);
}
