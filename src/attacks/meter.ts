/** Counts the engine calls of one attack, gives signals and the progress bar their turn between them, and stops when asked. */
import { setImmediate } from "node:timers/promises";
import type { AttackRun, EngineCall } from "./attack.js";

export interface EvaluationHooks {
  /** Asked after every engine call; true ends the evaluation. */
  interrupted?(): boolean;
  /** Work of the attack under way, in images through the network; the total shrinks as samples fall. */
  progress?(state: ProgressState): void;
  /** A verified success: `image` [height, width, channel]. A sample falls once an attack. */
  fooled?(success: { readonly name: string; readonly index: number; readonly image: Float32Array }): void;
}

export interface ProgressState {
  readonly attack: string;
  readonly done: number;
  readonly total: number;
  /** Samples that are still right under this attack; null before any is known to be. */
  readonly robust: number | null;
}

/** What a meter has counted: enough to go on with it in another process. */
export interface Counts {
  readonly forwards: number;
  readonly gradients: number;
  readonly seconds: number;
  readonly violations: number;
  readonly nonFinite: number;
  readonly zeroGradients: number;
  readonly stuck: number;
}

/** Thrown between engine calls when `interrupted` says so; caught by `evaluate`. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

export class Meter {
  violations = 0;
  nonFinite = 0;
  zeroGradients = 0;
  stuck = 0;
  /** Samples that are still right, for the progress bar. */
  standing: number | null = null;
  #forwards = 0;
  #gradients = 0;
  #secondsBefore = 0;
  readonly #start = performance.now();

  constructor(
    readonly attack: string,
    readonly hooks: EvaluationHooks = {},
  ) {}

  /** Images through the network so far. */
  get work(): number {
    return this.#forwards + this.#gradients;
  }

  /** Counts a call, then yields to the event loop. Throws Interruption when asked to stop. */
  async count(call: EngineCall, total: number): Promise<void> {
    this.#forwards += call.forwards;
    this.#gradients += call.gradients;
    this.zeroGradients += call.zeroGradients ?? 0;
    this.stuck += call.stuck ?? 0;
    this.hooks.progress?.({ attack: this.attack, done: this.work, total, robust: this.standing });
    await setImmediate();
    if (this.hooks.interrupted?.()) throw new Interruption();
  }

  totals(): { readonly forwards: number; readonly gradients: number; readonly seconds: number } {
    const seconds = this.#secondsBefore + (performance.now() - this.#start) / 1000;
    return { forwards: this.#forwards, gradients: this.#gradients, seconds };
  }

  counts(): Counts {
    const { violations, nonFinite, zeroGradients, stuck } = this;
    return { ...this.totals(), violations, nonFinite, zeroGradients, stuck };
  }

  /** Goes on from what an interrupted run of the same attack had counted. */
  goOn({ forwards, gradients, seconds, ...counts }: Counts): void {
    this.#forwards = forwards;
    this.#gradients = gradients;
    this.#secondsBefore = seconds;
    Object.assign(this, counts);
  }
}

/** Runs an attack to its end, with `afterCall` between its engine calls; ends it cleanly when that throws. */
export async function drive(run: AttackRun, afterCall: (call: EngineCall) => Promise<void>): Promise<Float32Array> {
  try {
    let next = run.next();
    while (!next.done) {
      await afterCall(next.value);
      next = run.next();
    }
    return next.value;
  } finally {
    run.return(new Float32Array(0));
  }
}
