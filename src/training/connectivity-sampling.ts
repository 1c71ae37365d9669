/** The method's update: SGDW on theta, noise on what is connected, then rewiring (Özdenizci & Legenstein 2021). */
import type { Training } from "../engines/engine.js";
import { assertBudgetKept, type Budget, countConnections, type Kernel } from "../sparsity/connectivity.js";
import { rewire, type Split } from "../sparsity/rewiring.js";
import type { Update } from "./update.js";

export interface ConnectivitySamplingOptions {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  readonly seed: number;
  readonly momentum: number;
  /** sigma */
  readonly noiseScaling: number;
  /** Deviation of the noise: "code": eta sigma, as the authors' program; "langevin": sqrt(sigma eta), as the paper. */
  readonly noiseMode: "code" | "langevin";
  readonly split: Split;
  readonly resetMomentum: boolean;
  /** What theta of a connection loses at each step, over the learning rate: an L1 penalty, which the method does without. */
  readonly pull?: number;
  /** Told once, when a network that began above its budget has come down to it. */
  readonly onBudgetReached?: (step: number) => void;
}

/** Steps between two looks at the engine's own lists of connections. */
const CHECK_EVERY = 100;

export function connectivitySampling(options: ConnectivitySamplingOptions): Update {
  const { kernels, budget, seed, momentum } = options;
  let wasAbove = false;
  return {
    *apply({ training, step, rates }) {
      const noise = { deviation: noiseDeviation(rates.learningRate, options), seed, step };
      const pull = rates.learningRate * (options.pull ?? 0);
      const survivors = training.step({ rule: "sgdw", trainable: "all", momentum, ...rates, pull, noise });
      yield;
      const grown = yield* rewire(training, survivors, { ...options, step });
      const after = survivors.map((count, layer) => count + (grown[layer] ?? 0));
      assertBudgetKept(kernels, { before: survivors, after }, budget);
      if (step % CHECK_EVERY === 0) assertCounted(training, after);
      const isAbove = countConnections(kernels, after) > budget.connections;
      if (wasAbove && !isAbove) options.onBudgetReached?.(step + 1);
      wasAbove = isAbove;
      return { connections: after, reconnected: grown.reduce((sum, count) => sum + count, 0), created: grown };
    },
    state: () => new Map(),
  };
}

/** The same without rewiring: connections keep their sign, and one that dies is gone for good. */
export function staticReparametrisation(options: StaticOptions): Update {
  const { seed, momentum } = options;
  return {
    *apply({ training, step, rates }) {
      const noise = { deviation: noiseDeviation(rates.learningRate, options), seed, step };
      const connections = training.step({ rule: "sgdw", trainable: "all", momentum, ...rates, noise });
      yield;
      return { connections, reconnected: 0 };
    },
    state: () => new Map(),
  };
}

export type StaticOptions = Pick<ConnectivitySamplingOptions, "seed" | "momentum" | "noiseScaling" | "noiseMode">;

function noiseDeviation(eta: number, { noiseScaling, noiseMode }: StaticOptions): number {
  return noiseMode === "code" ? eta * noiseScaling : Math.sqrt(noiseScaling * eta);
}

/** The counts that we keep must be those of the engine. */
function assertCounted(training: Training, counts: Int32Array): void {
  for (const [layer, { name }] of training.weightLayers.entries()) {
    const found = training.connections(layer).length;
    if (found !== counts[layer])
      throw new Error(`layer ${name} has ${found} connections where ${counts[layer]} were due`);
  }
}
