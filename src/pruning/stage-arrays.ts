/** What a stage's continuation needs beside its network: momenta, and in the prune stage what its method keeps. */
import type { StateTensor } from "../engines/engine.js";

export interface StageArrays {
  readonly engine: ReadonlyMap<string, StateTensor>;
  readonly update: ReadonlyMap<string, StateTensor>;
}

/** A float array of a saved prune stage. */
export function stateValues(state: ReadonlyMap<string, StateTensor>, name: string): Float32Array {
  const tensor = state.get(name);
  if (tensor?.type !== "f32") throw new Error(`the state of the prune stage has no "${name}"`);
  return tensor.values;
}

/** Positions of a saved prune stage. */
export function statePositions(state: ReadonlyMap<string, StateTensor>, name: string): Uint32Array {
  const tensor = state.get(name);
  if (tensor?.type !== "u32") throw new Error(`the state of the prune stage has no "${name}"`);
  return tensor.values;
}
