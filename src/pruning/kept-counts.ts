/** How many weights each layer keeps: one ratio for all layers, given as a density or as a total. */
import { UsageError } from "../core/errors.js";
import type { Target } from "../sparsity/connectivity.js";
import { keptCount } from "./mask.js";

/** Size of a kernel and whether it takes part in pruning. */
export interface PrunableLayer {
  readonly name: string;
  readonly size: number;
  readonly rewire: boolean;
}

/** Weights kept by layer name, for the ratio kept or their total over all layers; layers that take no part are absent. */
export function keptCounts(layers: readonly PrunableLayer[], target: Target): Map<string, number> {
  const prunable = layers.filter((layer) => layer.rewire);
  if ("connections" in target) return shareOut(prunable, target.connections);
  return new Map(prunable.map(({ name, size }) => [name, keptCount(target.density, size)]));
}

/**
 * `connections` handed out at one ratio: every layer gets the whole part of its share, at least 1, and what is left goes one
 * each to the largest fractions (the earlier layer among equals). So each layer is within one of the uniform ratio, and of what
 * HYDRA's own rounding gives at that ratio, and the total is met exactly.
 */
function shareOut(layers: readonly PrunableLayer[], connections: number): Map<string, number> {
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (connections < layers.length || connections > total)
    throw new UsageError(
      `--connections ${connections} cannot be shared out: ${layers.length} layers with ${total} weights need ` +
        `from ${layers.length} (one each) to ${total}`,
    );
  const shares = layers.map(({ name, size }) => {
    // Exact: both factors are below 2^26 in any network that fits, and the quotient is only compared.
    const share = (connections * size) / total;
    const kept = Math.max(1, Math.floor(share));
    return { name, kept, owed: share - kept };
  });
  const missing = connections - shares.reduce((sum, share) => sum + share.kept, 0);
  settle(shares, missing);
  return new Map(shares.map(({ name, kept }) => [name, kept]));
}

/** Gives one more to the layers owed most, or takes one from those owed least that have one to spare. */
function settle(shares: { kept: number; owed: number }[], missing: number): void {
  const step = Math.sign(missing);
  for (let left = Math.abs(missing); left > 0; left--) {
    const candidates = shares.filter((share) => share.kept + step >= 1);
    const next = candidates.reduce((best, share) => (step * share.owed > step * best.owed ? share : best));
    next.kept += step;
    next.owed -= step;
  }
}
