/** Whole numbers of connections that add up to a budget. */
import { type Budget, countConnections, type Kernel } from "./connectivity.js";

/** Layer densities rounded down to connections, the budget exactly: what that leaves over goes to the largest remainders. */
export function countsOf(densities: Float64Array, kernels: readonly Kernel[], budget: Budget): Int32Array {
  const wanted = densities.map((density, layer) => density * (kernels[layer]?.size ?? 0));
  const counts = Int32Array.from(wanted, Math.floor);
  const remainders = [...wanted.keys()]
    .map((layer) => ({ layer, rest: (wanted[layer] ?? 0) - (counts[layer] ?? 0) }))
    .filter(({ layer }) => (counts[layer] ?? 0) < (kernels[layer]?.size ?? 0))
    .sort((a, b) => b.rest - a.rest);
  const missing = budget.connections - countConnections(kernels, counts);
  for (const { layer } of remainders.slice(0, missing)) counts[layer] = (counts[layer] ?? 0) + 1;
  return counts;
}
