/** Exchanging connections of a layer: the smallest weights go, others come (Mocanu et al. 2018, "SET"; Evci et al. 2020, "RigL"). */
import type { Stream } from "../core/rng.js";
import { largestMagnitudes } from "../engines/largest.js";
import { drawPositions, freePositions, without } from "./positions.js";

export interface Exchange {
  /** Ascending positions that are connected and will not be. */
  readonly drop: Uint32Array;
  /** Ascending positions that are not connected and will be. */
  readonly grow: Uint32Array;
}

export interface LayerConnections {
  /** Ascending positions. */
  readonly index: Uint32Array;
  /** Their weights. */
  readonly values: Float32Array;
}

/** f_t = alpha / 2 · (1 + cos(pi t / T_end)), and 0 behind the end. */
export function dropFraction(step: number, { alpha, end }: { readonly alpha: number; readonly end: number }): number {
  return step > end ? 0 : (alpha / 2) * (1 + Math.cos((Math.PI * step) / end));
}

/** SET: the `count` smallest |w| go, as many positions that were not connected come, uniformly at random. */
export function exchangeAtRandom(layer: LayerConnections, options: { count: number; size: number; random: Stream }) {
  const { count: wanted, size, random } = options;
  const count = Math.min(wanted, size - layer.index.length);
  const { drop } = smallest(layer, count);
  return { drop, grow: drawPositions(random, { count, size, taken: layer.index }) } satisfies Exchange;
}

export interface FreeGrowth {
  /** Connections that go. */
  readonly count: number;
  /** Connections that come, at most as many as are free then; as many as go where nothing is said. */
  readonly grow?: number;
}

/**
 * RigL: the `count` smallest |w| go, the positions of the largest |gradient| among all that were not kept come. One that has
 * just gone may be among those; then it stays as it is. `gradient` is of every position. Among equals the first position wins.
 */
export function exchangeByGradient(
  layer: LayerConnections,
  { count, grow = count, gradient }: FreeGrowth & { readonly gradient: Float32Array },
): Exchange {
  const { drop, stay } = smallest(layer, count);
  const free = freePositions(gradient.length, stay);
  const places = largestMagnitudes(entriesAt(gradient, free), { count: grow, ties: "first" });
  return withoutReturns(
    drop,
    places.map((place) => free[place] ?? 0),
  );
}

/** Flying Bird: the `count` smallest |w| go, others come, uniformly among all that were not kept; one that has just gone may stay. */
export function exchangeAmongFree(
  layer: LayerConnections,
  { count, grow = count, size, random }: FreeGrowth & { readonly size: number; readonly random: Stream },
): Exchange {
  const { drop, stay } = smallest(layer, count);
  return withoutReturns(drop, drawPositions(random, { count: grow, size, taken: stay }));
}

function withoutReturns(dropped: Uint32Array, grown: Uint32Array): Exchange {
  return { drop: without(dropped, grown), grow: without(grown, dropped) };
}

/** Ascending positions of the `count` smallest magnitudes, among equals the first, and of all others. */
function smallest({ index, values }: LayerConnections, count: number): { drop: Uint32Array; stay: Uint32Array } {
  const places = largestMagnitudes(values, { count: values.length - count, ties: "last" });
  const stay = places.map((place) => index[place] ?? 0);
  return { drop: without(index, stay), stay };
}

function entriesAt(values: Float32Array, positions: Uint32Array): Float32Array {
  const entries = new Float32Array(positions.length);
  for (let i = 0; i < entries.length; i++) entries[i] = values[positions[i] as number] as number;
  return entries;
}
