/** From names on the command line and constants in a config to recipes. */
import { UsageError } from "../core/errors.js";
import { didYouMean, nearest } from "../core/nearest.js";
import type { BallNorm } from "./attack.js";
import type { ConstantOverrides } from "./constants.js";
import { ensembleNames, knownEnsemble, ownEnsemble } from "./ensembles.js";
import { AVAILABLE, DEFAULT_RESTARTS, knownRecipe, likelyNames, type RecipeChoice } from "./known-recipes.js";
import type { AttackRecipe, EnsembleRecipe, Recipe } from "./recipe.js";

export interface AttackList {
  /** As `--attacks` has them, split at commas. */
  readonly names: readonly string[];
  /** What the config says below `attacks.NAME`: other constants for a known name, or a new name with its constants. */
  readonly recipes?: Readonly<Record<string, unknown>>;
  /** `--restarts`: for every pgdN and cwN that does not say its own. */
  readonly restarts?: number;
  /** Of the balls, in which some attacks differ: linf unless given. */
  readonly norm?: BallNorm;
}

/** Names to run and, where they differ from the name's own, their constants. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, ConstantOverrides>>>> = {
  quick: { clean: {}, fgsm: {}, pgd10x1: {} },
  // The published protocol counts as Foolbox does; records hold both counts.
  poster: {
    clean: {},
    fgsm: {},
    pgd50: { accounting: "foolbox" },
    pgd100: { accounting: "foolbox" },
    // Foolbox's trust region grows with its batch; the published protocol attacks 128 images at once.
    bb: { bbRefBatch: 128 },
    aa: {},
  },
};

/** What attacks are called elsewhere, in letters alone, when it is too far from our name for it. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["autoattack", "aa"],
  ["pgd", "pgd50"],
  ["autopgd", "apgd-ce"],
  ["apgd", "apgd-ce"],
  ["squareattack", "square"],
  ["carliniwagner", "cw50"],
  ["brendelbethge", "bb"],
]);

const THERE_ARE = `there are ${AVAILABLE}, the ensembles ${ensembleNames.join(", ")} and the groups ${Object.keys(GROUPS).join(", ")}`;

/**
 * The attacks of a list in its order, each once, without `clean`, which every evaluation begins with. UsageError for names
 * that nobody knows (with the nearest one) and for constants that do not fit.
 */
export function parseAttacks(list: AttackList): (AttackRecipe | EnsembleRecipe)[] {
  const wanted = list.names.map((name) => name.trim()).filter((name) => name !== "");
  if (wanted.length === 0) throw new UsageError(`--attacks names no attack; ${THERE_ARE}`);
  const book = new RecipeBook(list);
  const found = new Map<string, AttackRecipe | EnsembleRecipe>();
  for (const recipe of wanted.flatMap((name) => book.read(name))) {
    if (recipe.type !== "clean") found.set(recipe.name, recipe);
  }
  return [...found.values()];
}

/** Everything that a name may mean in one run. */
class RecipeBook {
  readonly #choice: RecipeChoice;
  readonly #own = new Map<string, Recipe>();
  readonly #ownNames: readonly string[];

  constructor({ recipes = {}, restarts, norm }: AttackList) {
    this.#choice = { restarts, norm };
    this.#ownNames = Object.keys(recipes);
    // Ensembles last: their members may be recipes of the same config.
    const isEnsemble = (name: string) => membersOf(recipes[name]) !== undefined;
    const ordered = this.#ownNames.toSorted((a, b) => Number(isEnsemble(a)) - Number(isEnsemble(b)));
    for (const name of ordered) this.#own.set(name, this.#define(name, recipes[name]));
  }

  /** The recipe of a name, or those of a group. */
  read(name: string): Recipe[] {
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
    if (group === undefined) return [this.#find(name)];
    return Object.entries(group).map(([member, constants]) => {
      const recipe = this.#find(member);
      return recipe.type === "attack" && !this.#own.has(member) ? recipe.with(constants, name) : recipe;
    });
  }

  #find(name: string): Recipe {
    return this.#own.get(name) ?? this.#own.get(canonical(name)) ?? this.#known(name);
  }

  /** A recipe of the contract. UsageError where there is none. */
  #known(name: string): Recipe {
    const recipe = name === "clean" ? ({ type: "clean", name } as const) : knownRecipe(name, this.#choice);
    const found = recipe ?? knownEnsemble(name, this.#choice.norm, (member) => this.#knownMember(member));
    if (found !== null) return found;
    const others = [...likelyNames(name), ...ensembleNames, ...Object.keys(GROUPS), ...this.#ownNames];
    const hint =
      elsewhere(name) ?? (didYouMean(name, others) || (elsewhere(nearest(name, ELSEWHERE.keys()) ?? "") ?? ""));
    throw new UsageError(`no attack is called "${name}"${hint}; ${THERE_ARE}`);
  }

  #knownMember(member: string): AttackRecipe {
    const recipe = knownRecipe(member, this.#choice);
    if (recipe === null) throw new Error(`an ensemble names ${member}, which no recipe is called`);
    return recipe;
  }

  /** The recipe that a config defines: a known name with other constants, or a new one with `base`, `steps` or `members`. */
  #define(name: string, given: unknown): Recipe {
    const where = `attacks.${name}`;
    this.#checkName(name, where);
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      throw new UsageError(`${where}: expected constants, such as {steps: 20, stepSize: 2/255}`);
    }
    const members = membersOf(given);
    if (members !== undefined) return this.#defineEnsemble(name, { ...given }, members);
    const { base, ...constants }: ConstantOverrides & { base?: unknown } = { ...given };
    const recipe = this.#known(this.#baseOf(name, base, constants));
    if (recipe.type === "clean") throw new UsageError(`${where}: the clean accuracy has no constants to change`);
    if (recipe.type === "ensemble") throw new UsageError(`${where}: an ensemble has no constants but members`);
    const changed = recipe.with(constants, where);
    return this.#isKnown(name) ? changed : changed.named(name);
  }

  /** UsageError for a name that would never be read, or that a member of an ensemble has in records. */
  #checkName(name: string, where: string): void {
    if (Object.hasOwn(GROUPS, name)) {
      throw new UsageError(
        `${where}: is a group of attacks; give its members their constants, or the recipe another name`,
      );
    }
    if (name.includes("/")) throw new UsageError(`${where}: a name has no slash; so members of ensembles are called`);
  }

  #defineEnsemble(name: string, given: ConstantOverrides, members: unknown): EnsembleRecipe {
    const where = `attacks.${name}`;
    const other = Object.keys(given).find((key) => key !== "members");
    if (other !== undefined) throw new UsageError(`${where}.${other}: an ensemble has no constants but members`);
    const find = (member: string) => {
      const recipe = this.#find(member);
      if (recipe.type === "attack") return recipe;
      throw new UsageError(`${where}.members: ${member} is no single attack`);
    };
    return ownEnsemble(name, members, { find, where });
  }

  #baseOf(name: string, base: unknown, { steps }: ConstantOverrides): string {
    if (typeof base === "string" && this.#ownNames.includes(base) && !this.#isKnown(base)) {
      throw new UsageError(
        `attacks.${name}.base: "${base}" is a recipe of the same config; name an attack of the program`,
      );
    }
    if (typeof base === "string") return base;
    if (this.#isKnown(name)) return name;
    if (typeof steps === "number") return `pgd${steps}`;
    throw new UsageError(
      `attacks.${name}: a new attack needs steps, members, or base: the name of the attack that it changes`,
    );
  }

  #isKnown(name: string): boolean {
    return name === "clean" || ensembleNames.includes(name) || knownRecipe(name, this.#choice) !== null;
  }
}

/** What an attack that is called so elsewhere is called here, as a question. */
function elsewhere(name: string): string | null {
  const ours = ELSEWHERE.get(name.toLowerCase().replace(/[^a-z]/g, ""));
  return ours === undefined ? null : `; did you mean "${ours}"?`;
}

function membersOf(given: unknown): unknown {
  return typeof given === "object" && given !== null && "members" in given ? given.members : undefined;
}

/** pgdNx10 is pgdN, cw is cw50-det: a config's constants for one hold for the other. */
function canonical(name: string): string {
  if (name === "cw") return "cw50-det";
  return name.replace(new RegExp(`^((?:pgd|cw)\\d+)x${DEFAULT_RESTARTS}$`), "$1");
}
