/** Layer densities that fall with a layer's size: ideal gas quotas (Vysogorets & Kempe 2021), where Flying Bird starts. */
import type { Budget, Kernel } from "./connectivity.js";
import { countsOf } from "./largest-remainder.js";

/** Halvings of the bracket of c, more than a double has digits. */
const HALVINGS = 200;

/** density_l = 1 / (1 + c N_l), c such that the budget is met; small layers stay nearly dense. A layer out of the budget is dense. */
export function igqDensities(kernels: readonly Kernel[], budget: Budget): Float64Array {
  const force = forceOf(kernels, budget);
  return Float64Array.from(kernels, ({ size, rewire }) => (rewire ? 1 / (1 + force * size) : 1));
}

/** Whole numbers of connections, the budget exactly. */
export function igqCounts(kernels: readonly Kernel[], budget: Budget): Int32Array {
  return countsOf(igqDensities(kernels, budget), kernels, budget);
}

/** c by bisection: connections fall as it grows, and at c = N / K no layer keeps more than K / N of one. */
function forceOf(kernels: readonly Kernel[], { connections, weights }: Budget): number {
  const kept = (force: number) =>
    kernels.reduce((sum, { size, rewire }) => sum + (rewire ? size / (1 + force * size) : 0), 0);
  let [low, high] = [0, weights / connections];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (kept(middle) > connections) low = middle;
    else high = middle;
  }
  return high;
}
