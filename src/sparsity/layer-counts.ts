/** How many connections each layer starts with, by connectivity mode. */
import { stream } from "../core/rng.js";
import { type Budget, countConnections, type Kernel } from "./connectivity.js";
import { erkCounts, type ShapedKernel } from "./erdos-renyi-kernel.js";
import { igqCounts } from "./ideal-gas-quotas.js";
import { splitAtRandom } from "./multinomial.js";
import { drawPositions } from "./positions.js";

export type ConnectivityMode =
  | ("dense" | "fixed" | "random" | "bayes" | "deep-rewiring")
  | ("set" | "rigl" | "flying-bird" | "flying-bird-plus");

export interface InitialCountOptions {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  /** Initial density of a layer at the network's density p; at most 1. */
  readonly initialDensity: (kernel: Kernel, p: number) => number;
  /** When the initial densities give more than the budget: keep them, or scale all down to it. */
  readonly excess: "keep" | "rescale";
}

export interface LayerCountOptions extends InitialCountOptions {
  readonly kernels: readonly ShapedKernel[];
  readonly mode: ConnectivityMode;
  readonly seed: number;
}

/**
 * Connections of each layer at the start, in graph order; a layer out of the budget has all of its weights.
 * "bayes" and "deep-rewiring": the initial densities (the first rewiring brings the rest, where the authors' code does it
 * too); "fixed": those and the rest at once, exactly the budget; "random": one density everywhere; "set" and "rigl":
 * Erdős–Rényi-kernel; "flying-bird" and "flying-bird-plus": ideal gas quotas.
 */
export function layerCounts(options: LayerCountOptions): Int32Array {
  const { kernels, mode, budget } = options;
  if (mode === "dense" || budget.connections === budget.weights) return Int32Array.from(kernels, ({ size }) => size);
  if (mode === "random") return uniformCounts(kernels, budget);
  if (mode === "set" || mode === "rigl") return erkCounts(kernels, budget);
  if (mode === "flying-bird" || mode === "flying-bird-plus") return igqCounts(kernels, budget);
  const counts = initialCounts(options);
  return mode === "bayes" || mode === "deep-rewiring" ? counts : toppedUp(trimmed(counts, options), options);
}

/** n0 = trunc(p_init · fan_in · fan_out) a layer; with "rescale" times K / sum when the sum is above the budget. */
export function initialCounts({ kernels, budget, initialDensity, excess }: InitialCountOptions): Int32Array {
  const counts = Int32Array.from(kernels, (kernel) =>
    kernel.rewire
      ? Math.trunc(initialDensity(kernel, budget.density) * kernel.fanIn * (kernel.size / kernel.fanIn))
      : kernel.size,
  );
  const total = countConnections(kernels, counts);
  if (excess === "keep" || total <= budget.connections) return counts;
  return counts.map((count, layer) =>
    kernels[layer]?.rewire ? Math.floor((count * budget.connections) / total) : count,
  );
}

/** floor(p N_l) everywhere, and what is missing to the budget one each to the largest layers. */
function uniformCounts(kernels: readonly Kernel[], budget: Budget): Int32Array {
  const counts = Int32Array.from(kernels, ({ size, rewire }) => (rewire ? Math.floor(budget.density * size) : size));
  const missing = budget.connections - countConnections(kernels, counts);
  const largestFirst = [...kernels.entries()]
    .filter(([, { rewire }]) => rewire)
    .sort(([, a], [, b]) => b.size - a.size);
  for (const [layer] of largestFirst.slice(0, missing)) counts[layer] = (counts[layer] ?? 0) + 1;
  return counts;
}

/** Takes what is above the budget away, uniformly among all connections. */
function trimmed(counts: Int32Array, { kernels, budget, seed }: LayerCountOptions): Int32Array {
  const held = counts.map((count, layer) => (kernels[layer]?.rewire ? count : 0));
  const total = countConnections(kernels, counts);
  const excess = Math.max(0, total - budget.connections);
  const removed = drawPositions(stream(seed, "initial-mask", 0, 2), {
    count: excess,
    size: total,
    taken: new Uint32Array(0),
  });
  const kept = counts.slice();
  let layer = 0;
  let end = held[0] ?? 0;
  for (const connection of removed) {
    while (connection >= end) end += held[++layer] ?? 0;
    kept[layer] = (kept[layer] ?? 0) - 1;
  }
  return kept;
}

/** Adds what is missing to the budget by the law of rewiring: in proportion to the layers' sizes. */
function toppedUp(counts: Int32Array, { kernels, budget, seed }: LayerCountOptions): Int32Array {
  const added = splitAtRandom(stream(seed, "initial-mask", 0, 1), {
    total: budget.connections - countConnections(kernels, counts),
    weights: kernels.map(({ size, rewire }) => (rewire ? size : 0)),
    rooms: kernels.map(({ size }, layer) => size - (counts[layer] ?? 0)),
  });
  return counts.map((count, layer) => count + (added[layer] ?? 0));
}
