/** Weight steps with an exchange of connections behind some of them: what methods share that move connections at intervals. */
import type { StepOptions, Training } from "../engines/engine.js";
import { type Budget, countConnections, type Kernel } from "../sparsity/connectivity.js";
import type { Exchange, LayerConnections } from "../sparsity/exchange.js";
import type { Update, UpdateResult } from "./update.js";

/** What each method of this kind is asked for. */
export interface ExchangeSettings {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  readonly seed: number;
  readonly momentum: number;
  /** Whether connections come at random or where the gradient is largest, which is then collected for all weights. */
  readonly grow: "random" | "gradient";
  /** Steps between two exchanges at first. */
  readonly every: number;
  /** Share of a layer's connections that would be exchanged at the first step; it falls along a cosine. */
  readonly fraction: number;
}

export interface ExchangingOptions extends Pick<ExchangeSettings, "kernels" | "momentum" | "grow"> {
  /** What every exchange leaves; null where it may change their number. */
  readonly budget: Budget | null;
  readonly rule: StepOptions["rule"];
  /** Whether an exchange follows this step, as the number of completed steps before it. */
  readonly isDue: (step: number) => boolean;
  readonly choose: (due: DueLayer) => Exchange;
}

/** One layer as an exchange finds it. */
export interface DueLayer {
  /** Completed steps before this one. */
  readonly step: number;
  /** Number of the weight layer. */
  readonly layer: number;
  readonly kernel: Kernel;
  readonly connections: LayerConnections;
  /** Of all its weights, as the weight step used it; undefined where connections come at random. */
  readonly gradient: Float32Array | undefined;
}

/** The weight step at every step; where an exchange is due it follows. */
export function exchangingUpdate(options: ExchangingOptions): Update {
  const { kernels, budget, rule, momentum, grow, isDue } = options;
  const sparse = new Set(kernels.flatMap(({ name, rewire }) => (rewire ? [name] : [])));
  return {
    prepare({ training, step }) {
      if (grow === "gradient") training.collectFully(isDue(step) ? sparse : new Set());
    },
    *apply({ training, step, rates }) {
      const isNow = isDue(step);
      const gradients = gradientsOf(training, isNow && grow === "gradient" ? sparse : new Set());
      const stepped = training.step({ rule, trainable: "all", momentum, ...rates });
      yield;
      const created = new Int32Array(kernels.length);
      if (isNow) yield* exchange(training, { ...options, step, gradients }, created);
      const connections = isNow ? connectionsOf(training) : stepped;
      if (budget !== null) assertKept(connections, kernels, budget);
      const reconnected = created.reduce((sum, count) => sum + count, 0);
      return { connections, reconnected, created } satisfies UpdateResult;
    },
    state: () => new Map(),
  };
}

function gradientsOf(training: Training, layers: ReadonlySet<string>): ReadonlyMap<string, Float32Array> {
  return new Map([...layers].map((name) => [name, training.gradient(`${name}.weight`)]));
}

function connectionsOf(training: Training): Int32Array {
  return Int32Array.from(training.weightLayers, (_, layer) => training.connections(layer).length);
}

interface DueExchange extends ExchangingOptions {
  readonly step: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Counts what comes in each layer, which begins at 0 without momentum; what stays is not touched. */
function* exchange(training: Training, due: DueExchange, created: Int32Array): Generator<void> {
  const { kernels, step, gradients, choose } = due;
  const tensors = training.tensors();
  for (const [layer, kernel] of kernels.entries()) {
    const connections = tensors.get(`${kernel.name}.weight`);
    if (connections?.type !== "connections") continue;
    const { drop, grow } = choose({ step, layer, kernel, connections, gradient: gradients.get(kernel.name) });
    if (drop.length + grow.length === 0) continue;
    training.reconnect(layer, { drop, grow, values: new Float32Array(grow.length), resetMomentum: true });
    created[layer] = grow.length;
    yield;
  }
}

/** A breach is our bug and throws. */
function assertKept(connections: Int32Array, kernels: readonly Kernel[], budget: Budget): void {
  const found = countConnections(kernels, connections);
  if (found !== budget.connections)
    throw new Error(`an exchange left ${found} connections where ${budget.connections} were due`);
}
