/** The method's noise for the connections of a layer, drawn on the host from the one generator. */
import { normalAt } from "../../core/rng.js";
import type { StepOptions } from "../engine.js";

const { fround } = Math;

/** deviation · normal at each position of weight layer `layer`, both rounded to float32 and so their product. */
export function noiseOf(
  { deviation, seed, step }: NonNullable<StepOptions["noise"]>,
  layer: number,
  positions: Uint32Array,
): Float32Array {
  const noise = new Float32Array(positions.length);
  const factor = fround(deviation);
  for (let i = 0; i < noise.length; i++) {
    noise[i] = factor * fround(normalAt(seed, "noise", step, layer, positions[i] as number));
  }
  return noise;
}
