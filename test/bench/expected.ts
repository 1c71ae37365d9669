/** How long a turn of a cell most likely takes, for the plan that a run prints at its start. */
import { operationsOf, PASSES, type Subject, type Work } from "./subject.js";

export interface Turn {
  readonly subject: Subject;
  readonly work: Work;
  readonly batch: number;
  /** GFLOP/s of the threads together. */
  readonly peak: number;
}

/** Seconds of ours. */
export function expectedOfOurs(turn: Turn): number {
  const { densities, density } = turn.subject;
  const efficiency = density >= 1 ? 1.2 : densities === "method" ? 0.4 : 0.25;
  return secondsAt(turn, efficiency) + (PASSES[turn.work] > 2 ? 0.3 : 0.005);
}

/** Of the peer's, whose weights are dense. */
export function expectedOfPeer(turn: Turn): number {
  return secondsAt({ ...turn, subject: { ...turn.subject, density: 1 } }, 0.4);
}

/** What a variant that compiles takes once for each kind of work. */
export const COMPILING = 25;

function secondsAt({ subject, work, batch, peak }: Turn, efficiency: number): number {
  return (operationsOf(subject) * PASSES[work] * batch) / (efficiency * peak * 1e9);
}
