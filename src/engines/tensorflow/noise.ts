/** The method's noise for the connections of a layer, drawn on the host from the one generator. */
import { stream } from "../../core/rng.js";
import type { StepOptions } from "../engine.js";

/** deviation · normal at each position of weight layer `layer`, both rounded to float32 and so their product. */
export function noiseOf(
  { deviation, seed, step }: NonNullable<StepOptions["noise"]>,
  layer: number,
  positions: Uint32Array,
): Float32Array {
  const noise = new Float32Array(positions.length);
  stream(seed, "noise", step, layer).fillNormalAt(noise, deviation, positions);
  return noise;
}
