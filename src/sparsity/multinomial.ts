/** Splits a number of connections over layers at random. */
import type { Stream } from "../core/rng.js";

export interface SplitOptions {
  /** How many to hand out. */
  readonly total: number;
  /** One a layer: a draw goes to layer l with probability weights[l] / sum. Integers whose sum is below 2^32. */
  readonly weights: readonly number[];
  /** How many each layer can take at most. */
  readonly rooms: readonly number[];
}

/**
 * Independent draws with probabilities in proportion to `weights`. What a layer has no room for is drawn again among the
 * layers that still have some, until all is handed out or every room is full.
 */
export function splitAtRandom(random: Stream, { total, weights, rooms }: SplitOptions): Int32Array {
  const shares = new Int32Array(weights.length);
  let left = Math.min(total, sum(rooms));
  while (left > 0) {
    const open = weights.map((weight, layer) => ((rooms[layer] ?? 0) > (shares[layer] ?? 0) ? weight : 0));
    const drawn = multinomial(random, left, left === total ? weights : open);
    left = 0;
    for (const [layer, count] of drawn.entries()) {
      const wanted = (shares[layer] ?? 0) + count;
      shares[layer] = Math.min(wanted, rooms[layer] ?? 0);
      left += wanted - (shares[layer] ?? 0);
    }
    left = Math.min(left, sum(rooms) - sum(shares));
  }
  return shares;
}

/** Counts of `total` independent draws from the categories, drawn one by one. */
function multinomial(random: Stream, total: number, weights: readonly number[]): Int32Array {
  const ends = cumulativeSums(weights);
  const all = ends.at(-1) ?? 0;
  const counts = new Int32Array(weights.length);
  for (let i = 0; i < total; i++) {
    const category = firstAbove(ends, random.integer(all));
    counts[category] = (counts[category] as number) + 1;
  }
  return counts;
}

function cumulativeSums(weights: readonly number[]): Float64Array {
  let end = 0;
  return Float64Array.from(weights, (weight) => {
    end += weight;
    return end;
  });
}

/** The first category whose end lies above the ticket. */
function firstAbove(ends: Float64Array, ticket: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) > ticket) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
