/**
 * Connectivity sampling: after each step as many dormant connections are drawn back as the budget lacks
 * (Özdenizci & Legenstein 2021; Bellec et al. 2018, "Deep rewiring", with another split over the layers).
 */
import { stream } from "../core/rng.js";
import type { Training } from "../engines/engine.js";
import { type Budget, countConnections, type Kernel } from "./connectivity.js";
import { signsAt } from "./initial.js";
import { splitAtRandom } from "./multinomial.js";
import { drawPositions } from "./positions.js";

/** theta of a connection that was drawn back: above 0 by next to nothing. */
export const RECONNECTION_VALUE = Math.fround(1e-12);

/**
 * How reconnections are split over layers: in proportion to their sizes (the method), to their dormant connections, or to these
 * weights (deep rewiring's N_l p_l).
 */
export type Split = "size" | "free" | { readonly weights: readonly number[] };

export interface RewiringOptions {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  readonly seed: number;
  /** Completed steps before this one: names the random streams. */
  readonly step: number;
  readonly split: Split;
  /** Forget the momentum that a drawn connection has left from its earlier life (the method keeps it). */
  readonly resetMomentum: boolean;
}

/**
 * Draws back what `counts` (connections of each layer now, in graph order) lacks to the budget. Gives how many went to each
 * layer. Positions are uniform among a layer's dormant ones, those that died in this very step included; a connection
 * returns with the sign it always had. Yields after each engine call.
 */
export function* rewire(training: Training, counts: Int32Array, options: RewiringOptions): Generator<void, Int32Array> {
  const { kernels, seed, step, resetMomentum } = options;
  const shares = splitMissing(counts, options);
  for (const [layer, count] of shares.entries()) {
    if (count === 0) continue;
    const random = stream(seed, "rewire", step, 1 + layer);
    const grow = drawPositions(random, { count, size: kernels[layer]?.size ?? 0, taken: training.connections(layer) });
    const values = signsAt(seed, layer, grow).map((sign) => sign * RECONNECTION_VALUE);
    training.reconnect(layer, { drop: new Uint32Array(0), grow, values, resetMomentum });
    yield;
  }
  return shares;
}

/** How many connections each layer gets; the counts of all layers are taken before anything changes. */
function splitMissing(counts: Int32Array, { kernels, budget, seed, step, split }: RewiringOptions): Int32Array {
  const missing = Math.max(0, budget.connections - countConnections(kernels, counts));
  const rooms = kernels.map(({ size, rewire }, layer) => (rewire ? size - (counts[layer] ?? 0) : 0));
  const sizes = kernels.map(({ size, rewire }) => (rewire ? size : 0));
  return splitAtRandom(stream(seed, "rewire", step), {
    total: missing,
    weights: split === "size" ? sizes : split === "free" ? rooms : split.weights,
    rooms,
  });
}
