/** Exchanging connections of a layer: the smallest weights go, others come (Mocanu et al. 2018, "SET"; Evci et al. 2020, "RigL"). */
import type { Stream } from "../core/rng.js";
import { drawPositions, holds } from "./positions.js";

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
  const drop = smallest(layer, count);
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
  const dropped = smallest(layer, count);
  const isKept = new Uint8Array(gradient.length);
  for (const position of layer.index) isKept[position] = 1;
  for (const position of dropped) isKept[position] = 0;
  const sizes = gradient.map((value, position) => (isKept[position] === 1 ? -1 : Math.abs(value)));
  return withoutReturns(dropped, largest(sizes, grow));
}

/** Flying Bird: the `count` smallest |w| go, others come, uniformly among all that were not kept; one that has just gone may stay. */
export function exchangeAmongFree(
  layer: LayerConnections,
  { count, grow = count, size, random }: FreeGrowth & { readonly size: number; readonly random: Stream },
): Exchange {
  const dropped = smallest(layer, count);
  const taken = layer.index.filter((position) => !holds(dropped, position));
  return withoutReturns(dropped, drawPositions(random, { count: grow, size, taken }));
}

function withoutReturns(dropped: Uint32Array, grown: Uint32Array): Exchange {
  return {
    drop: dropped.filter((position) => !holds(grown, position)),
    grow: grown.filter((position) => !holds(dropped, position)),
  };
}

/** Ascending positions of the `count` smallest magnitudes. */
function smallest({ index, values }: LayerConnections, count: number): Uint32Array {
  const places = largest(
    values.map((value) => -Math.abs(value)),
    count,
  );
  return places.map((place) => index[place] ?? 0);
}

/** Ascending places of the `count` largest numbers; among equals the first. */
function largest(numbers: Float32Array, count: number): Uint32Array {
  const chosen = new Uint32Array(count);
  if (count === 0) return chosen;
  const threshold = numbers.slice().sort()[numbers.length - count] ?? Number.NEGATIVE_INFINITY;
  let above = 0;
  for (let i = 0; i < numbers.length; i++) if ((numbers[i] as number) > threshold) above++;
  let equals = count - above;
  let filled = 0;
  for (let i = 0; i < numbers.length && filled < count; i++) {
    const number = numbers[i] as number;
    if (number > threshold || (number === threshold && equals-- > 0)) chosen[filled++] = i;
  }
  return chosen;
}
