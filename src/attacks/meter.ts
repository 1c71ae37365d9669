/** Counts the engine calls of one attack, gives signals and the progress bar their turn between them, and stops when asked. */
import { setImmediate } from "node:timers/promises";
import type { AttackRun, EngineCall } from "./attack.js";

export interface EvaluationHooks {
  /** Asked after every engine call; true ends the evaluation. */
  interrupted?(): boolean;
  /** Work of the attack under way, in images through the network; the total shrinks as samples fall. */
  progress?(state: { readonly attack: string; readonly done: number; readonly total: number }): void;
  /** A verified success: `image` [height, width, channel]. A sample falls once an attack. */
  fooled?(success: { readonly name: string; readonly index: number; readonly image: Float32Array }): void;
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
  #forwards = 0;
  #gradients = 0;
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
    this.hooks.progress?.({ attack: this.attack, done: this.work, total });
    await setImmediate();
    if (this.hooks.interrupted?.()) throw new Interruption();
  }

  totals(): { readonly forwards: number; readonly gradients: number; readonly seconds: number } {
    const seconds = (performance.now() - this.#start) / 1000;
    return { forwards: this.#forwards, gradients: this.#gradients, seconds };
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
