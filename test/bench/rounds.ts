/**
 * Measurements in turns: every cell of a table is measured once a round, so that a slow minute of the machine falls on all of
 * them, ours beside the peer's. A cell's first turn warms it up and is not counted.
 */
import { type Child, type LayerTime, measure, type Reply } from "./child.js";
import type { Journal } from "./journal.js";

/** One number of a table: who does what. */
export interface Cell {
  readonly child: Child;
  readonly request: Request;
  /** Seconds that one turn is thought to take, for the plan. */
  readonly expected: number;
  readonly samples: number[];
  /** Shares of our threads' time: in convolutions, and in all of the network's steps or passes. */
  shares: { readonly convolutions: number; readonly network: number } | null;
  layers: readonly LayerTime[];
  /** What the peer cannot do. */
  error: string | null;
  spent: number;
  /** In this run: what an earlier one measured needs no turn before it. */
  isWarm: boolean;
}

/** What the child is asked, `repeat` apart. */
export interface Request {
  readonly threads: number;
  readonly [name: string]: unknown;
}

export function cell(child: Child, request: Request, expected: number): Cell {
  return { child, request, expected, samples: [], shares: null, layers: [], error: null, spent: 0, isWarm: false };
}

export interface RoundOptions {
  readonly rounds: number;
  /** A cell that has taken so many seconds and has a sample rests. */
  readonly secondsPerCell: number;
  readonly journal: Journal;
  /** Done once a round, such as a look at the machine's peak. */
  readonly betweenRounds: (round: number) => Promise<void>;
}

export async function takeTurns(cells: readonly Cell[], options: RoundOptions): Promise<void> {
  const { rounds, secondsPerCell, betweenRounds } = options;
  for (let round = 0; round <= rounds; round++) {
    await betweenRounds(round);
    for (const one of cells) {
      const rests = one.error !== null || (one.samples.length > 0 && one.spent >= secondsPerCell);
      if (!rests) await takeTurn(one, round, options);
    }
  }
}

/** Seconds that the turns of these cells are thought to take. */
export function expectedSeconds(
  cells: readonly Cell[],
  { rounds, secondsPerCell }: Pick<RoundOptions, "rounds" | "secondsPerCell">,
): number {
  const counted = ({ expected }: Cell) => Math.min(rounds, Math.max(1, Math.ceil(secondsPerCell / expected)));
  const turns = (one: Cell) => counted(one) + (needsWarmUp(one) ? 1 : 0);
  return cells.reduce((sum, one) => sum + one.expected * turns(one), 0);
}

async function takeTurn(one: Cell, round: number, { journal }: RoundOptions): Promise<void> {
  const ask = () => measure(one.child, { ...one.request, repeat: 1 });
  const key = (number: number) => `${one.child.name} ${JSON.stringify(one.request)} ${number}`;
  const isKnown = journal.has(key(Math.max(1, round)));
  if (round === 0 && !needsWarmUp(one)) one.isWarm = true;
  if (!isKnown && !one.isWarm) {
    const reply = await ask();
    one.isWarm = true;
    if ("error" in reply) return take(one, reply);
  }
  if (round > 0) take(one, await journal.once(key(round), ask));
}

/** What takes long hardly notices its first time, unless something is compiled for it then. */
function needsWarmUp({ expected, request }: Cell): boolean {
  return expected < LONG || String(request.variant).includes("compiled");
}

/** Seconds. */
const LONG = 10;

function take(one: Cell, reply: Reply): void {
  if ("error" in reply) {
    one.error = reply.error;
    return;
  }
  const [seconds = Number.NaN] = reply.seconds;
  one.samples.push(seconds);
  one.spent += seconds;
  const { convolutions, others, passes, layers } = reply;
  if (layers !== undefined) one.layers = layers;
  if (passes !== undefined) one.shares = { convolutions: Number.NaN, network: passes / seconds };
  if (convolutions === undefined || others === undefined) return;
  const all = seconds * one.request.threads;
  one.shares = { convolutions: convolutions / all, network: (convolutions + others) / all };
}

/** Seconds: the median of the samples, NaN where there are none. */
export function secondsOf({ samples }: Pick<Cell, "samples">): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length - 1 - middle], sorted[middle]];
  return (low + high) / 2;
}

/** Where there is no sample: last. */
export function secondsOrLast(one: Cell): number {
  const seconds = secondsOf(one);
  return Number.isFinite(seconds) ? seconds : Number.POSITIVE_INFINITY;
}
