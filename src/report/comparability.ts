/** What may stand in one table: results of the same recipe on the same images. */
import { InputError } from "../core/errors.js";
import type { Column } from "./comparison.js";
import { attackTitle } from "./labels.js";
import { type MergedResult, recipeDifference } from "./shards.js";

/** InputError unless one name means one thing: the same constants, the same images, and a radius in common. */
export function requireComparable(columns: readonly Column[]): void {
  const first = new Map<string, MergedResult>();
  for (const { network } of columns) {
    for (const [key, result] of network.results) {
      const other = first.get(key) ?? result;
      first.set(key, other);
      const difference =
        recipeDifference(other.recipe, result.recipe) ??
        (other.data.sha256 === result.data.sha256
          ? null
          : `images of ${other.data.name} and of ${result.data.name} with other digests`);
      if (difference === null) continue;
      throw new InputError(
        `${result.where}: ${attackTitle(result)} is another attack here than in ${other.where}: ${difference}; only results of one recipe can be compared`,
      );
    }
  }
  requireCommonRadius(columns);
}

/** Two networks under attacks of one name, but never in the same ball, would stand beside each other uncompared. */
function requireCommonRadius(columns: readonly Column[]): void {
  const pairs = columns.flatMap((first, i) => columns.slice(i + 1).map((second) => [first, second] as const));
  for (const [first, second] of pairs) {
    for (const mine of first.network.results.values()) {
      const theirs = attacksNamed(mine.name, second);
      const [other] = theirs;
      const isShared = attacksNamed(mine.name, first).some((a) => theirs.some((b) => isSameBall(a, b)));
      if (other === undefined || isShared) continue;
      throw new InputError(
        `${other.where}: ${mine.name} was run at ${radius(mine)} in ${mine.where} and at ${radius(other)} here; only results of one recipe can be compared`,
      );
    }
  }
}

function attacksNamed(name: string, { network }: Column): readonly MergedResult[] {
  return [...network.results.values()].filter((result) => result.name === name);
}

function isSameBall(a: MergedResult, b: MergedResult): boolean {
  return a.norm === b.norm && a.epsilon === b.epsilon;
}

function radius({ norm, epsilonText }: MergedResult): string {
  return `${norm} ε ${epsilonText}`;
}
