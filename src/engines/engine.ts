/**
 * What an engine does for the code above it: run a network (`Inference`) and train it (`Training`).
 *
 * Images are Float32Array [batch, height, width, channel], values as the network's bounds say (usually [0, 1]); logits and
 * their gradients are Float32Array [batch, classes]. The batch follows from the length. All calls are synchronous, each is
 * one pass over one batch. An engine never changes an array that it is given, and owns none that it returns.
 */
import type { Network, Tensor } from "../models/network.js";

/** Logits in, gradient of the loss with respect to them out: plain arithmetic, called once per forward pass. */
export type LossGradient = (logits: Float32Array) => Float32Array;

export type Norm = "linf" | "l2";

export interface AscentProblem {
  /** Start of the ascent (not projected first). */
  readonly images: Float32Array;
  /** Centre of the ball. */
  readonly origin: Float32Array;
  readonly lossGradient: LossGradient;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly stepSize: number;
  /** Range of pixels, [0, 1] unless the data says otherwise. */
  readonly bounds: readonly [number, number];
}

/** A running ascent: images stay with the engine until read. `engines/ascend.ts` defines what each step gives. */
export interface Ascent {
  /** Does `steps` more steps; one forward and one gradient each. */
  advance(steps: number): void;
  /** The images as they are now. */
  images(): Float32Array;
  dispose(): void;
}

/** A network with constant parameters, batch-norm in inference mode. */
export interface Inference {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  logits(images: Float32Array): Float32Array;
  /** One forward, `lossGradient` on the host, one backward: logits and d(loss)/d(images). */
  inputGradient(images: Float32Array, lossGradient: LossGradient): { logits: Float32Array; gradient: Float32Array };
  ascend(problem: AscentProblem): Ascent;
  dispose(): void;
}

/** How the weights of one conv or dense layer are trained. */
export type WeightRule =
  /** All entries are ordinary weights. */
  | "dense"
  /** A fixed set of connections with ordinary signed weights. */
  | "masked"
  /** Connections theta > 0 with a fixed sign, w = sign * theta; one that reaches 0 becomes dormant. */
  | "mortal";

export interface TrainingOptions {
  /** By layer name; a layer left out is "dense". "masked" and "mortal" layers come as connections. */
  readonly rules: ReadonlyMap<string, WeightRule>;
  /** Layers whose weight gradient is wanted for every position at first, not only for the connections. */
  readonly fullGradients?: ReadonlySet<string>;
  /** What `state()` of an earlier run gave. */
  readonly state?: ReadonlyMap<string, StateTensor>;
}

/** Arrays beyond the network itself that an unbroken continuation needs: momenta, the recently dead. */
export type StateTensor =
  | { readonly type: "f32"; readonly values: Float32Array }
  | { readonly type: "u32"; readonly values: Uint32Array };

/** A training forward pass that keeps what its backward needs. At most two live at a time. */
export interface Tape {
  readonly logits: Float32Array;
}

export interface StepOptions {
  /** Weight decay apart from the gradient ("sgdw"; Loshchilov & Hutter 2019) or added to it ("sgd"). */
  readonly rule: "sgdw" | "sgd";
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Which parameters move; "batchnorm": only gamma and beta (the others keep value and momentum). */
  readonly trainable: "all" | "batchnorm";
  /** Taken from theta of the connections of mortal layers that were connected before the step, before the noise. */
  readonly pull?: number;
  /**
   * Normal noise on the connections of mortal layers that were connected before the step: `deviation` times the normal of
   * the stream (seed, "noise", step, layer) at the connection's position. Layers count weight layers in graph order.
   */
  readonly noise?: { readonly deviation: number; readonly seed: number; readonly step: number };
}

export interface Reconnection {
  /** Ascending positions to disconnect; their momentum goes too. */
  readonly drop: Uint32Array;
  /** Ascending positions to connect, none connected now, with their signed values. Momentum is kept where there is some. */
  readonly grow: Uint32Array;
  readonly values: Float32Array;
  /** Forget the momentum of the grown positions. */
  readonly resetMomentum?: boolean;
}

/** A conv or dense layer's kernel, in graph order. */
export interface WeightLayer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly rewire: boolean;
}

/** A network under training; its parameters live in the engine. */
export interface Training {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly weightLayers: readonly WeightLayer[];
  /** The network as it is now, batch-norm in inference mode: for attacks and accuracy. Follows every change, disposes with the training. */
  readonly inference: Inference;
  /** Batch-norm with the statistics of this batch (biased variance); running statistics are not touched. */
  forward(images: Float32Array): Tape;
  /** running <- (1 - momentum) * running + momentum * batch, from the statistics of a live tape. */
  updateStatistics(tape: Tape, variance: "biased" | "unbiased"): void;
  /** Adds to the gradients of all parameters and ends the tape. */
  backward(tape: Tape, logitGradient: Float32Array): void;
  /** Ends a tape without a backward pass. */
  discard(tape: Tape): void;
  /** Gradient collected since the last step: by tensor name; a kernel's in connection order, or all positions if asked for in the options. */
  gradient(tensor: string): Float32Array;
  /** Which layers' weight gradients are wanted for every position from now on. RangeError while gradients are being collected. */
  collectFully(layers: ReadonlySet<string>): void;
  /**
   * Adds strength · (w - target), the gradient of strength/2 · ||w - target||², to what is collected for the kernel of dense
   * layer `layer` (number in graph order); the target holds every position, and the same array must hold the same numbers
   * at every call. Rounded to float32 after each operation.
   */
  attract(layer: number, target: Float32Array, strength: number): void;
  /** Updates parameters, clears the gradients, gives the number of connections of each weight layer (its size where dense). */
  step(options: StepOptions): Int32Array;
  /** Ascending positions of the connections of weight layer `layer` (number in graph order). */
  connections(layer: number): Uint32Array;
  reconnect(layer: number, change: Reconnection): void;
  /** Parameters and running statistics as they are now (a copy); "masked" and "mortal" kernels as connections. */
  tensors(): Map<string, Tensor>;
  state(): Map<string, StateTensor>;
  /** Name of the first layer with a value that is not finite, for the message when a loss is not. */
  firstNonFinite(): string | null;
  dispose(): void;
}

export interface EngineInfo {
  readonly name: "native" | "tensorflow";
  /** The processor or graphics card in words, with the instruction set in use. */
  readonly device: string;
  readonly threads: number;
  /** Why this engine was taken. */
  readonly reason: string;
}

export interface Engine {
  readonly info: EngineInfo;
  infer(network: Network): Inference;
  train(network: Network, options: TrainingOptions): Training;
}
