/** What outcomes say together, for people: curves over the radius, lengths of the shortest perturbations. */
import { countCorrect, countSamples, type Outcome } from "../attacks/outcome.js";
import type { SpelledAttack } from "./attack-plan.js";

/** A line for each attack that ran at several radii: "pgd50: ε 0 50.0%, 1/255 46.5%, …". */
export function curveLines(outcomes: readonly Outcome[], attacks: readonly SpelledAttack[]): readonly string[] {
  const radii = new Map(attacks.map(({ epsilon, epsilonText }) => [epsilon, epsilonText]));
  if (radii.size < 2) return [];
  const names = [...new Set(outcomes.slice(1).map(({ attack }) => attack.name))].filter((name) => !name.includes("/"));
  return names.map((name) => {
    const points = outcomes
      .slice(1)
      .filter(({ attack }) => attack.name === name)
      .toSorted((one, other) => one.epsilon - other.epsilon)
      .map((outcome) => `${radii.get(outcome.epsilon)} ${percent(outcome)}%`);
    return `${name}: ε ${points.join(", ")}`;
  });
}

function percent(outcome: Outcome): string {
  return ((100 * countCorrect(outcome)) / countSamples(outcome)).toFixed(1);
}

/** Quartiles of the lengths over samples that were right from the start. */
export function normsText(norms: NonNullable<Outcome["norms"]>): string {
  const found = norms.filter((length): length is number => length !== null && length > 0).toSorted((a, b) => a - b);
  if (found.length === 0) return "no perturbation found";
  const quartiles = [0.25, 0.5, 0.75].map((share) => quantile(found, share).toPrecision(3));
  return `shortest perturbations: quartiles ${quartiles.join(", ")} over ${found.length} samples`;
}

/** Between the two nearest of ascending values, linearly. */
function quantile(values: readonly number[], share: number): number {
  const at = share * (values.length - 1);
  const [low = 0, high = low] = values.slice(Math.floor(at), Math.floor(at) + 2);
  return low + (at - Math.floor(at)) * (high - low);
}
