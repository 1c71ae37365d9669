/**
 * Flying Bird (Chen et al. 2022): at long intervals each layer exchanges a share of its smallest weights, half of them at first,
 * for as many others, with ordinary SGD in between. Every layer keeps its number unless trends of the training change it.
 */
import { stream } from "../core/rng.js";
import { type Exchange, exchangeAmongFree, exchangeByGradient } from "../sparsity/exchange.js";
import { type DueLayer, type ExchangeSettings, exchangingUpdate } from "./exchanging-update.js";
import type { TrainingTrends } from "./flying-bird-plus.js";
import type { Update } from "./update.js";

/** Connections grow at random unless told otherwise, as in the authors' program; in the second half exchanges are a third rarer. */
export interface FlyingBirdOptions extends ExchangeSettings {
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

/** Ordinary steps of SGD; the number of connections is held against the budget unless trends may change it. */
export function flyingBird(options: FlyingBirdOptions): Update {
  const { trends } = options;
  const exchanging = exchangingUpdate({
    ...options,
    budget: trends === null ? options.budget : null,
    rule: "sgd",
    isDue: (step) => isDue(step + 1, options),
    choose: (due) => chosen(due, options),
  });
  if (trends === null) return exchanging;
  return { ...exchanging, epochEnded: (outcome) => trends.follow(outcome), state: () => trends.state() };
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

function chosen(due: DueLayer, options: FlyingBirdOptions): Exchange {
  const { step, layer, kernel, connections, gradient } = due;
  const moment = { ...options, done: step + 1, held: connections.index.length, size: kernel.size };
  const { count, grow } = exchangeCounts(moment);
  if (gradient !== undefined) return exchangeByGradient(connections, { count, grow, gradient });
  const random = stream(options.seed, "rewire", step, 1 + layer);
  return exchangeAmongFree(connections, { count, grow, size: kernel.size, random });
}

interface ExchangeMoment extends Pick<FlyingBirdOptions, "fraction" | "scheduled" | "trends"> {
  /** Steps, this one among them. */
  readonly done: number;
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
