/** Layer densities that fall with a layer's size: Erdős–Rényi-kernel (Mocanu et al. 2018; Evci et al. 2020, "RigL"). */
import type { Budget, Kernel } from "./connectivity.js";
import { countsOf } from "./largest-remainder.js";

export interface ShapedKernel extends Kernel {
  /** [out, in, kh, kw] or [out, in]. */
  readonly shape: readonly number[];
}

/**
 * density_l = min(1, c · (sum of dims) / (product of dims)), c such that the budget is met; a layer above 1 becomes dense and c
 * is found again for the others. A layer out of the budget keeps all of its weights.
 */
export function erkDensities(kernels: readonly ShapedKernel[], budget: Budget): Float64Array {
  const full = new Set(kernels.flatMap(({ rewire }, layer) => (rewire ? [] : [layer])));
  for (;;) {
    const factor = commonFactor(kernels, full, budget);
    const densities = Float64Array.from(kernels, (kernel, layer) =>
      full.has(layer) ? 1 : factor * rawDensity(kernel),
    );
    const above = [...densities.keys()].filter((layer) => (densities[layer] ?? 0) > 1);
    if (above.length === 0) return densities;
    for (const layer of above) full.add(layer);
  }
}

/** Whole numbers of connections, the budget exactly. */
export function erkCounts(kernels: readonly ShapedKernel[], budget: Budget): Int32Array {
  return countsOf(erkDensities(kernels, budget), kernels, budget);
}

/** c, with the layers in `full` dense. */
function commonFactor(kernels: readonly ShapedKernel[], full: ReadonlySet<number>, budget: Budget): number {
  let left = budget.connections;
  let share = 0;
  for (const [layer, kernel] of kernels.entries()) {
    if (!full.has(layer)) share += rawDensity(kernel) * kernel.size;
    else if (kernel.rewire) left -= kernel.size;
  }
  return share === 0 ? 0 : left / share;
}

function rawDensity({ shape, size }: ShapedKernel): number {
  return shape.reduce((sum, extent) => sum + extent, 0) / size;
}
