/** What Square, which uses no gradients, finds beside the attacks in the same ball that do (Croce & Hein 2020, AutoAttack's flag). */
import { countSamples, type Outcome } from "./outcome.js";
import { type ReliabilityCheck, squareImproves } from "./reliability.js";

/**
 * Compares all outcomes of one ball, in the order in which they came, after `clean`: samples that Square fooled are held against
 * the union of those that any attack by gradient fooled, members of ensembles among them, so the attacks' order does not matter.
 * Nothing where one of the two kinds is missing.
 */
export function squareAlone(clean: Outcome, outcomes: readonly Outcome[]): ReliabilityCheck[] {
  const bySquare = new Set<number>();
  const byGradient = new Set<number>();
  let hasGradient = false;
  for (const [i, outcome] of outcomes.entries()) {
    // An ensemble's own outcome is that of its members.
    if (outcome.attack.members !== undefined) continue;
    const isSquare = usesSquares(outcome);
    hasGradient ||= !isSquare;
    const before = memberBefore(outcome, outcomes.slice(0, i)) ?? clean;
    for (const [sample, flag] of outcome.robust.entries()) {
      if (flag === 0 && before.robust[sample] === 1) (isSquare ? bySquare : byGradient).add(sample);
    }
  }
  if (!hasGradient) return [];
  const alone = [...bySquare].filter((sample) => !byGradient.has(sample)).length;
  return squareImproves({ alone, samples: countSamples(clean) });
}

/** A constant that no other attack has: recipes of a config have names of their own. */
function usesSquares({ attack }: Outcome): boolean {
  return attack.p0 !== undefined;
}

/** What a member of an ensemble started from; undefined for its first one, and for attacks that stand for themselves. */
function memberBefore({ attack }: Outcome, done: readonly Outcome[]): Outcome | undefined {
  const slash = attack.name.lastIndexOf("/");
  return slash < 0
    ? undefined
    : done.findLast((other) => other.attack.name.startsWith(attack.name.slice(0, slash + 1)));
}
