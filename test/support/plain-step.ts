/** One optimiser step in float32, entry by entry: every product and every sum rounded, as the engines must. */
import { normalAt } from "../../src/core/rng.js";
import type { StepOptions } from "../../src/engines/engine.js";

const { fround } = Math;

/** A parameter and its momentum. */
export interface Entry {
  readonly value: number;
  readonly momentum: number;
}

/** A momentum below this on a dormant connection cannot lift it again: the connection is forgotten. */
export const NEGLIGIBLE_MOMENTUM = 1e-12;

/** "sgdw": v -= decay·v; a = momentum·a - rate·g; v += a. "sgd": g += decay·v; a = momentum·a + g; v -= rate·a. */
export function updateEntry(entry: Entry, gradient: number, options: StepOptions): Entry {
  const rate = fround(options.learningRate);
  const inertia = fround(options.momentum);
  const decay = fround(options.weightDecay);
  const { value, momentum } = entry;
  if (options.rule === "sgd") {
    const decayed = fround(fround(gradient) + fround(decay * value));
    const buffer = fround(fround(inertia * momentum) + decayed);
    return { value: fround(value - fround(rate * buffer)), momentum: buffer };
  }
  const shrunk = fround(value - fround(decay * value));
  const velocity = fround(fround(inertia * momentum) - fround(rate * fround(gradient)));
  return { value: fround(shrunk + velocity), momentum: velocity };
}

/** What the noise adds to theta at `position` of weight layer `layer`. */
export function noiseAt(options: StepOptions, layer: number, position: number): number {
  if (options.noise === undefined) return 0;
  const { deviation, seed, step } = options.noise;
  return fround(fround(deviation) * fround(normalAt(seed, "noise", step, layer, position)));
}
