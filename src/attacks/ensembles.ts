/** AutoAttack's ensembles (Croce & Hein 2020, section 6), and those that a config puts together. */
import { UsageError } from "../core/errors.js";
import type { BallNorm } from "./attack.js";
import type { ConstantOverrides } from "./constants.js";
import type { AttackRecipe, EnsembleRecipe } from "./recipe.js";

type Members = readonly (readonly [name: string, constants: ConstantOverrides])[];

/** Restarts of untargeted members of `plus`, and of those in a config's list that say nothing else. */
const RESTARTS: ConstantOverrides = { restarts: 5 };
const UNTARGETED = ["apgd-ce", "apgd-dlr", "fab"];

const ensembles: Readonly<Record<string, Members>> = {
  aa: [
    ["apgd-ce", {}],
    ["apgd-t", {}],
    ["fab-t", {}],
    ["square", {}],
  ],
  "aa-plus": [
    ["apgd-ce", RESTARTS],
    ["apgd-dlr", RESTARTS],
    ["fab", RESTARTS],
    ["square", {}],
    ["apgd-t", {}],
    ["fab-t", {}],
  ],
  "aa-rand": [
    ["apgd-ce", { eot: 20 }],
    ["apgd-dlr", { eot: 20 }],
  ],
};

/** Where the authors' code has only the standard ensemble begin in larger balls. */
const AS_IT_IS: ConstantOverrides = { largerRadii: false };

const ensemblesInL1: typeof ensembles = {
  ...ensembles,
  "aa-plus": [
    ["apgd-ce", { ...RESTARTS, ...AS_IT_IS }],
    ["apgd-dlr", { ...RESTARTS, ...AS_IT_IS }],
    ["fab", RESTARTS],
    ["square", {}],
    ["apgd-t", { targets: 9, ...AS_IT_IS }],
    ["fab-t", {}],
  ],
  "aa-rand": [
    ["apgd-ce", { restarts: 1, eot: 20, ...AS_IT_IS }],
    ["apgd-dlr", { restarts: 1, eot: 20, ...AS_IT_IS }],
  ],
};

export const ensembleNames: readonly string[] = Object.keys(ensembles);

/** The ensemble of a name in a norm, null where there is none; `find` knows the members or throws. */
export function knownEnsemble(
  name: string,
  norm: BallNorm | undefined,
  find: (member: string) => AttackRecipe,
): EnsembleRecipe | null {
  const named = norm === "l1" ? ensemblesInL1 : ensembles;
  const members = Object.hasOwn(named, name) ? named[name] : undefined;
  if (members === undefined) return null;
  return { type: "ensemble", name, members: members.map(([member, own]) => find(member).with(own, name)) };
}

/**
 * The ensemble of a config's `members`: names in a list, or names with their constants. UsageError, naming `where`, for what is
 * neither and for a member that comes twice.
 */
export function ownEnsemble(
  name: string,
  members: unknown,
  { find, where }: { readonly find: (member: string) => AttackRecipe; readonly where: string },
): EnsembleRecipe {
  const recipes = listed(members, where).map(([member, own]) => {
    const defaults = UNTARGETED.includes(member) ? RESTARTS : {};
    return find(member).with({ ...defaults, ...own }, `${where}.members.${member}`);
  });
  const twice = recipes.find((recipe, i) => recipes.findIndex((other) => other.name === recipe.name) !== i);
  if (twice !== undefined) throw new UsageError(`${where}.members: ${twice.name} is there twice`);
  return { type: "ensemble", name, members: recipes };
}

function listed(members: unknown, where: string): Members {
  const expected = new UsageError(
    `${where}.members: expected attacks, such as [apgd-ce, apgd-t], or {apgd-ce: {restarts: 5}, apgd-t: {}}`,
  );
  if (Array.isArray(members)) {
    if (members.length === 0) throw expected;
    return members.map((member: unknown) => {
      if (typeof member !== "string") throw expected;
      return [member, {}] as const;
    });
  }
  if (typeof members !== "object" || members === null || Object.keys(members).length === 0) throw expected;
  return Object.entries(members).map(([member, own]: [string, unknown]) => {
    if (own !== null && typeof own !== "object") throw expected;
    return [member, { ...own }] as const;
  });
}
