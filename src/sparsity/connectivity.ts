/** The budget of connections: how many a network may have, and what must hold for them at every step. */
import { UsageError } from "../core/errors.js";

/** What sparsity needs to know of a conv or dense kernel; layers are in graph order everywhere. */
export interface Kernel {
  readonly name: string;
  readonly size: number;
  /** Weights that one output sums over: in · kh · kw. */
  readonly fanIn: number;
  /** Whether it takes part in the budget; the others stay dense and are not counted. */
  readonly rewire: boolean;
}

export interface Budget {
  /** K: connections of all layers that take part. */
  readonly connections: number;
  /** N: their entries. */
  readonly weights: number;
  /** p, from which the initial densities of the layers follow. */
  readonly density: number;
}

/** How many connections were asked for: a share of the weights, or their number. */
export type Target = { readonly density: number } | { readonly connections: number };

/** K = floor(p N), or K as given. Throws UsageError when nothing would be left or there are not so many weights. */
export function budgetOf(target: Target, kernels: readonly Kernel[]): Budget {
  const weights = kernels.reduce((sum, kernel) => sum + (kernel.rewire ? kernel.size : 0), 0);
  if (weights === 0)
    throw new UsageError("no layer of this network has rewire: true, so there is nothing to make sparse");
  const budget =
    "density" in target
      ? { connections: Math.floor(target.density * weights), weights, density: target.density }
      : { connections: target.connections, weights, density: target.connections / weights };
  if (budget.connections < 1 || budget.connections > weights) throw impossible(target, budget);
  return budget;
}

export interface Change {
  /** Connections of each layer before the rewiring and after it. */
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/**
 * The invariant of rewiring: the total afterwards is the budget, or what it was before when that is more, and no layer
 * has lost a connection or has more than entries. A breach is our bug and throws.
 */
export function assertBudgetKept(kernels: readonly Kernel[], { before, after }: Change, budget: Budget): void {
  const expected = Math.max(budget.connections, countConnections(kernels, before));
  const found = countConnections(kernels, after);
  if (found !== expected) throw new Error(`rewiring left ${found} connections where ${expected} were due`);
  for (const [layer, kernel] of kernels.entries()) {
    const [old = 0, now = 0] = [before[layer], after[layer]];
    if (now < old || now > kernel.size) {
      throw new Error(`rewiring took layer ${kernel.name} of ${kernel.size} weights from ${old} to ${now} connections`);
    }
  }
}

/** Connections of the layers that take part in the budget. */
export function countConnections(kernels: readonly Kernel[], connections: ArrayLike<number>): number {
  return kernels.reduce((sum, { rewire }, layer) => sum + (rewire ? (connections[layer] ?? 0) : 0), 0);
}

function impossible(target: Target, { connections, weights }: Budget): UsageError {
  const asked = "density" in target ? `density ${target.density}` : `${connections} connections`;
  const reason = connections < 1 ? "keeps no connection" : "asks for more connections than there are weights";
  return new UsageError(`${asked} of a network of ${weights} weights ${reason}; choose between 1 and ${weights}`);
}
