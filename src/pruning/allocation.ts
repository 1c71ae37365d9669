/** How the weights that are kept are shared among the layers: at one ratio, by Erdős–Rényi-kernel, or as another network has them. */
import { UsageError } from "../core/errors.js";
import type { KernelLayer } from "../models/shapes.js";
import type { Target } from "../sparsity/connectivity.js";
import { erkCounts } from "../sparsity/erdos-renyi-kernel.js";
import { keptCounts } from "./kept-counts.js";

/** With counts, those of each layer by name: another network's layout. */
export type Allocation =
  | { readonly kind: "uniform" | "erk"; readonly target: Target }
  | { readonly kind: "budget-of"; readonly counts: ReadonlyMap<string, number>; readonly path: string };

/**
 * Weights kept by layer name. "erk" shares out exactly as many as "uniform" would keep. UsageError where a layer would keep none,
 * or where another network's counts are not for these layers.
 */
export function allocatedCounts(layers: readonly KernelLayer[], allocation: Allocation): ReadonlyMap<string, number> {
  if (allocation.kind === "budget-of") return fittingCounts(layers, allocation);
  const uniform = keptCounts(layers, allocation.target);
  return allocation.kind === "uniform" ? uniform : erkAllocation(layers, uniform);
}

function erkAllocation(layers: readonly KernelLayer[], uniform: ReadonlyMap<string, number>): Map<string, number> {
  const prunable = layers.filter(({ rewire }) => rewire);
  const weights = prunable.reduce((sum, { size }) => sum + size, 0);
  const connections = [...uniform.values()].reduce((sum, count) => sum + count, 0);
  const counts = erkCounts(prunable, { connections, weights, density: connections / weights });
  const empty = prunable.find((_, layer) => counts[layer] === 0);
  if (empty !== undefined)
    throw new UsageError(
      `--allocation erk: layer ${empty.name} would keep none of ${empty.size} weights; keep more than ${connections}`,
    );
  return new Map(prunable.map(({ name }, layer) => [name, counts[layer] ?? 0]));
}

function fittingCounts(
  layers: readonly KernelLayer[],
  { counts, path }: Extract<Allocation, { kind: "budget-of" }>,
): ReadonlyMap<string, number> {
  const prunable = layers.filter(({ rewire }) => rewire);
  const names = prunable.map(({ name }) => name);
  if (names.join() !== [...counts.keys()].join())
    throw new UsageError(
      `--allocation budget-of ${path}: its sparse layers are ${[...counts.keys()].join(", ")}; those to be pruned are ${names.join(", ")}`,
    );
  for (const { name, size } of prunable) {
    const count = counts.get(name) ?? 0;
    if (count < 1 || count > size)
      throw new UsageError(
        `--allocation budget-of ${path}: layer ${name} keeps ${count} there; here it has ${size} weights`,
      );
  }
  return counts;
}
