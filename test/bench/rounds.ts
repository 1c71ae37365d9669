/**
 * Measurements in turns: every cell of a table is measured once a round, so that a slow minute of the machine falls on all of
 * them, ours beside the peer's. A cell's first sample warms it up and is not counted.
 */
import { type Child, measure } from "./child.js";

/** One number of a table: who does what. */
export interface Cell {
  readonly child: Child;
  readonly request: object;
  readonly samples: number[];
  /** The share of our threads' time in convolutions, and in all of the network's steps. */
  shares: { readonly convolutions: number; readonly steps: number } | null;
  /** What the peer cannot do. */
  error: string | null;
  spent: number;
}

export function cell(child: Child, request: object): Cell {
  return { child, request, samples: [], shares: null, error: null, spent: 0 };
}

export interface RoundOptions {
  readonly rounds: number;
  /** A cell that has taken so many seconds and has a sample rests. */
  readonly secondsPerCell: number;
  /** Done once a round, such as a look at the machine's peak. */
  readonly betweenRounds: () => Promise<void>;
}

export async function takeTurns(
  cells: readonly Cell[],
  { rounds, secondsPerCell, betweenRounds }: RoundOptions,
): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    await betweenRounds();
    for (const one of cells) {
      const rests = one.error !== null || (one.samples.length > 0 && one.spent >= secondsPerCell);
      if (!rests) await takeTurn(one, round === 0);
    }
  }
}

async function takeTurn(one: Cell, isWarmUp: boolean): Promise<void> {
  const reply = await measure(one.child, { ...one.request, repeat: 1 });
  if ("error" in reply) {
    one.error = reply.error;
    return;
  }
  if (isWarmUp) return;
  const [seconds = Number.NaN] = reply.seconds;
  one.samples.push(seconds);
  one.spent += seconds;
  const { convolutions, others } = reply;
  if (convolutions === undefined || others === undefined) return;
  one.shares = { convolutions: convolutions / seconds, steps: (convolutions + others) / seconds };
}

/** Seconds: the median of the samples, NaN where there are none. */
export function secondsOf({ samples }: Cell): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length - 1 - middle], sorted[middle]];
  return (low + high) / 2;
}
