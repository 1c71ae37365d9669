/** A network with its parameters: what a checkpoint holds and an engine runs. */
import type { Graph } from "./graph.js";

/** Every entry, row-major. */
export interface DenseTensor {
  readonly type: "dense";
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Connections only: ascending positions in the flattened dense tensor and their values (a value may be 0). */
export interface SparseTensor {
  readonly type: "connections";
  readonly shape: readonly number[];
  readonly index: Uint32Array;
  readonly values: Float32Array;
}

export type Tensor = DenseTensor | SparseTensor;

export interface Network {
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly graph: Graph;
  /** By the names of the contract: `conv1.weight` [out, in, kh, kw], `bn1.running_mean` [channels], … in graph order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}
