/**
 * The field's other ways to move connections: at intervals each layer exchanges its smallest weights for as many others, at
 * random (SET; Mocanu et al. 2018) or where the loss asks for them most (RigL; Evci et al. 2020). Every layer keeps its number.
 */
import { stream } from "../core/rng.js";
import type { Training } from "../engines/engine.js";
import { type Budget, countConnections, type Kernel } from "../sparsity/connectivity.js";
import { dropFraction, type Exchange, exchangeAtRandom, exchangeByGradient } from "../sparsity/exchange.js";
import type { Update, UpdateResult } from "./update.js";

export interface ConnectionExchangeOptions {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  readonly seed: number;
  readonly momentum: number;
  readonly grow: "random" | "gradient";
  /** Steps between two exchanges. */
  readonly every: number;
  /** Share of a layer's connections that the first exchange would take; it falls to 0 along a cosine. */
  readonly fraction: number;
  /** Step of the last exchange at most. */
  readonly end: number;
}

/** The weight step at every step; where an exchange is due it follows, by the gradients that the weight step used. */
export function connectionExchange(options: ConnectionExchangeOptions): Update {
  const { grow, momentum } = options;
  const sparse = new Set(options.kernels.flatMap(({ name, rewire }) => (rewire ? [name] : [])));
  return {
    prepare({ training, step }) {
      if (grow === "gradient") training.collectFully(isDue(step, options) ? sparse : new Set());
    },
    *apply({ training, step, rates }) {
      const isNow = isDue(step, options);
      const gradients = isNow && grow === "gradient" ? gradientsOf(training, sparse) : null;
      const connections = training.step({ rule: "sgdw", trainable: "all", momentum, ...rates });
      yield;
      const created = new Int32Array(options.kernels.length);
      if (isNow) yield* exchange(training, { ...options, step, gradients }, created);
      assertKept(connections, options);
      const reconnected = created.reduce((sum, count) => sum + count, 0);
      return { connections, reconnected, created } satisfies UpdateResult;
    },
    state: () => new Map(),
  };
}

/** Never at step 0, whose weights are still drawn, nor at every one when they learn. */
function isDue(step: number, { every, end }: ConnectionExchangeOptions): boolean {
  return step > 0 && step % every === 0 && step <= end;
}

function gradientsOf(training: Training, layers: ReadonlySet<string>): ReadonlyMap<string, Float32Array> {
  return new Map([...layers].map((name) => [name, training.gradient(`${name}.weight`)]));
}

interface DueExchange extends ConnectionExchangeOptions {
  readonly step: number;
  readonly gradients: ReadonlyMap<string, Float32Array> | null;
}

/** Counts what each layer exchanges. What comes begins at 0 without momentum; what stays is not touched. */
function* exchange(training: Training, due: DueExchange, created: Int32Array): Generator<void> {
  const tensors = training.tensors();
  for (const [layer, kernel] of due.kernels.entries()) {
    const tensor = tensors.get(`${kernel.name}.weight`);
    if (tensor?.type !== "connections") continue;
    const { drop, grow } = chosen({ ...due, layer, kernel }, tensor);
    if (grow.length === 0) continue;
    training.reconnect(layer, { drop, grow, values: new Float32Array(grow.length), resetMomentum: true });
    created[layer] = grow.length;
    yield;
  }
}

interface LayerExchange extends DueExchange {
  /** Number of the weight layer. */
  readonly layer: number;
  readonly kernel: Kernel;
}

function chosen(due: LayerExchange, connections: { index: Uint32Array; values: Float32Array }): Exchange {
  const { fraction, end, step, seed, layer, kernel } = due;
  const wanted = Math.trunc(dropFraction(step, { alpha: fraction, end }) * connections.index.length);
  const count = Math.min(wanted, kernel.size - connections.index.length);
  const gradient = due.gradients?.get(kernel.name);
  if (gradient !== undefined) return exchangeByGradient(connections, { count, gradient });
  return exchangeAtRandom(connections, { count, size: kernel.size, random: stream(seed, "rewire", step, 1 + layer) });
}

/** A breach is our bug and throws. */
function assertKept(connections: Int32Array, { kernels, budget }: ConnectionExchangeOptions): void {
  const found = countConnections(kernels, connections);
  if (found !== budget.connections)
    throw new Error(`an exchange left ${found} connections where ${budget.connections} were due`);
}
