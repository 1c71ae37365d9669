/** What a layer's weights look like: how many do something, how large they are. */
import type { Tensor } from "../models/network.js";

export interface WeightStatistics {
  /** Connections with |w| above 1e-6: fewer than there are where many have just been drawn. */
  readonly effective: number;
  /** Of |w| over the connections; null where there is none. */
  readonly largest: number | null;
  readonly median: number | null;
}

const EFFECTIVE = 1e-6;

/** Over the connections, or over all entries of a dense tensor. */
export function weightStatistics({ values }: Tensor): WeightStatistics {
  const sizes = values.map(Math.abs).sort();
  const [low, high] = [sizes[(sizes.length - 1) >> 1], sizes[sizes.length >> 1]];
  return {
    effective: sizes.length - placeAbove(sizes, EFFECTIVE),
    largest: sizes.at(-1) ?? null,
    median: low === undefined || high === undefined ? null : (low + high) / 2,
  };
}

/** Of ascending numbers the place of the first above `limit`. */
function placeAbove(sorted: Float32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
