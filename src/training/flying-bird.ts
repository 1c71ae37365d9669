/**
 * Flying Bird (Chen et al. 2022): at long intervals each layer exchanges a share of its smallest weights, half of them at first,
 * for as many others, with ordinary SGD in between. Every layer keeps its number unless trends of the training change it.
 */
import { stream } from "../core/rng.js";
import type { Training } from "../engines/engine.js";
import { type Budget, countConnections, type Kernel } from "../sparsity/connectivity.js";
import { type Exchange, exchangeAmongFree, exchangeByGradient, type LayerConnections } from "../sparsity/exchange.js";
import type { TrainingTrends } from "./flying-bird-plus.js";
import type { Update, UpdateResult } from "./update.js";

export interface FlyingBirdOptions {
  readonly kernels: readonly Kernel[];
  readonly budget: Budget;
  readonly seed: number;
  readonly momentum: number;
  /** "random", as the authors' program does unless told otherwise, or "gradient": the largest of the loss. */
  readonly grow: "random" | "gradient";
  /** Steps between two exchanges in the first half of the schedule; a third more in the second. */
  readonly every: number;
  /** Share of a layer's connections that would be exchanged at the first step; it falls to `FINAL_SHARE` along a cosine. */
  readonly fraction: number;
  /** Steps of the whole schedule. */
  readonly scheduled: number;
  /** What changes the number of connections; null where nothing does. */
  readonly trends: TrainingTrends | null;
}

/** The share that is exchanged at the end of the schedule. */
export const FINAL_SHARE = 0.005;

/** From half of the schedule exchanges are rarer: every 1,200 steps instead of 900. */
const SLOWER = 4 / 3;

/** Of the connections that go anyway, so many more go while the network overfits. */
const EXTRA_LOSS = 0.4;

/** So many times what goes comes while the loss does not fall. */
const EXTRA_GROWTH = 1.05;

/** The weight step at every step; where an exchange is due it follows, by the gradients that the weight step used. */
export function flyingBird(options: FlyingBirdOptions): Update {
  const { grow, momentum, trends } = options;
  const sparse = new Set(options.kernels.flatMap(({ name, rewire }) => (rewire ? [name] : [])));
  return {
    prepare({ training, step }) {
      if (grow === "gradient") training.collectFully(isDue(step + 1, options) ? sparse : new Set());
    },
    *apply({ training, step, rates }) {
      const isNow = isDue(step + 1, options);
      const gradients = isNow && grow === "gradient" ? gradientsOf(training, sparse) : null;
      const connections = training.step({ rule: "sgd", trainable: "all", momentum, ...rates });
      yield;
      const created = new Int32Array(options.kernels.length);
      if (isNow) yield* exchange(training, { ...options, done: step + 1, gradients }, created);
      const after = isNow ? connectionsOf(training) : connections;
      if (trends === null) assertKept(after, options);
      const reconnected = created.reduce((sum, count) => sum + count, 0);
      return { connections: after, reconnected, created } satisfies UpdateResult;
    },
    ...(trends === null ? {} : { epochEnded: (outcome) => trends.follow(outcome) }),
    state: () => trends?.state() ?? new Map(),
  };
}

/** Share of a layer's connections that go once `done` steps are. */
export function deathRate(done: number, { fraction, scheduled }: { fraction: number; scheduled: number }): number {
  return FINAL_SHARE + ((fraction - FINAL_SHARE) / 2) * (1 + Math.cos((Math.PI * done) / scheduled));
}

export function isDue(done: number, { every, scheduled }: { every: number; scheduled: number }): boolean {
  return done % (isSecondHalf(done, scheduled) ? Math.round(SLOWER * every) : every) === 0;
}

function isSecondHalf(done: number, scheduled: number): boolean {
  return done > scheduled / 2;
}

function gradientsOf(training: Training, layers: ReadonlySet<string>): ReadonlyMap<string, Float32Array> {
  return new Map([...layers].map((name) => [name, training.gradient(`${name}.weight`)]));
}

function connectionsOf(training: Training): Int32Array {
  return Int32Array.from(training.weightLayers, (_, layer) => training.connections(layer).length);
}

interface DueExchange extends FlyingBirdOptions {
  /** Steps, this one among them. */
  readonly done: number;
  readonly gradients: ReadonlyMap<string, Float32Array> | null;
}

/** Counts what comes in each layer, which begins at 0 without momentum; what stays is not touched. */
function* exchange(training: Training, due: DueExchange, created: Int32Array): Generator<void> {
  const tensors = training.tensors();
  for (const [layer, kernel] of due.kernels.entries()) {
    const tensor = tensors.get(`${kernel.name}.weight`);
    if (tensor?.type !== "connections") continue;
    const { drop, grow } = chosen({ ...due, layer, kernel }, tensor);
    if (drop.length + grow.length === 0) continue;
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

function chosen(due: LayerExchange, connections: LayerConnections): Exchange {
  const { seed, done, layer, kernel } = due;
  const { count, grow } = exchangeCounts({ ...due, held: connections.index.length, size: kernel.size });
  const gradient = due.gradients?.get(kernel.name);
  if (gradient !== undefined) return exchangeByGradient(connections, { count, grow, gradient });
  const random = stream(seed, "rewire", done - 1, 1 + layer);
  return exchangeAmongFree(connections, { count, grow, size: kernel.size, random });
}

interface ExchangeMoment extends Pick<DueExchange, "fraction" | "scheduled" | "trends" | "done"> {
  /** Connections of the layer, of `size` weights. */
  readonly held: number;
  readonly size: number;
}

/** How many go and how many come; a layer that has all of its weights keeps them. */
export function exchangeCounts({ held, size, done, trends, ...cosine }: ExchangeMoment): {
  count: number;
  grow: number;
} {
  if (held === size) return { count: 0, grow: 0 };
  const share = deathRate(done, cosine);
  const going = Math.min(held, Math.ceil(share * held));
  const now = isSecondHalf(done, cosine.scheduled) ? trends : null;
  const extra = now?.overfits() ? Math.ceil(EXTRA_LOSS * share * held) : 0;
  const count = Math.min(held, going + extra);
  const coming = now?.isStuck() ? Math.round(EXTRA_GROWTH * going) : going;
  return { count, grow: Math.min(coming, size - held + count) };
}

/** A breach is our bug and throws. */
function assertKept(connections: Int32Array, { kernels, budget }: FlyingBirdOptions): void {
  const found = countConnections(kernels, connections);
  if (found !== budget.connections)
    throw new Error(`an exchange left ${found} connections where ${budget.connections} were due`);
}
