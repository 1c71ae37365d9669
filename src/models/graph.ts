/** A network as data: layers in topological order (the contract's section 1), with defaults filled in. */

/** Height, width, channels of one image; a flat vector has height and width 1 and `flat` set. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly flat: boolean;
}

interface Named {
  readonly name: string;
  /** Names of earlier layers, or `input` for the batch of images. */
  readonly inputs: readonly string[];
}

export interface NormalizeLayer extends Named {
  readonly op: "normalize";
  /** One number a channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface ConvLayer extends Named {
  readonly op: "conv";
  readonly filters: number;
  /** Odd. */
  readonly kernel: number;
  readonly stride: number;
  /** "same": TensorFlow's rule, the odd row and column at the bottom and right; a number: zeros on all four sides. */
  readonly padding: "same" | "valid" | number;
  readonly bias: boolean;
  readonly rewire: boolean;
}

export interface BatchNormLayer extends Named {
  readonly op: "batchnorm";
  readonly epsilon: number;
  /** Share of the new batch in the running statistics. */
  readonly momentum: number;
}

export interface ReluLayer extends Named {
  readonly op: "relu";
}

export interface PoolLayer extends Named {
  readonly op: "maxpool" | "avgpool";
  readonly size: number | "global";
  readonly stride: number;
}

export interface AddLayer extends Named {
  readonly op: "add";
}

export interface FlattenLayer extends Named {
  readonly op: "flatten";
  readonly order: "chw" | "hwc";
}

export interface DenseLayer extends Named {
  readonly op: "dense";
  readonly units: number;
  readonly bias: boolean;
  readonly rewire: boolean;
}

export type Layer =
  | NormalizeLayer
  | ConvLayer
  | BatchNormLayer
  | ReluLayer
  | PoolLayer
  | AddLayer
  | FlattenLayer
  | DenseLayer;

export type Graph = readonly Layer[];
