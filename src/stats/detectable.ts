/** The smallest difference of two accuracies on the same samples that McNemar's exact test can call one. */
import { mcnemarExact } from "./mcnemar.js";

/**
 * The smallest surplus |onlyFirst − onlySecond| with p < `level` where `discordant` samples are classified differently; where
 * these are too few for any, the surplus that would be needed if all discordant samples fell to one side.
 */
export function smallestSurplus(discordant: number, level = 0.05): number {
  const smaller = Array.from({ length: Math.floor(discordant / 2) + 1 }, (_, side) => side);
  const most = lastWhere(smaller, (side) => mcnemarExact(side, discordant - side) < level);
  if (most !== null) return discordant - 2 * most;
  let surplus = 1;
  while (mcnemarExact(surplus, 0) >= level) surplus++;
  return surplus;
}

/** The last entry of a list whose first entries fulfil the condition and whose others do not; null where none does. */
function lastWhere(sorted: readonly number[], holds: (value: number) => boolean): number | null {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1] ?? null;
}
