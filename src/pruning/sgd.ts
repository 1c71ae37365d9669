/** Stochastic gradient descent with momentum and coupled weight decay, PyTorch's convention, as the HYDRA code uses it. */

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface SgdArrays {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  /** Momentum buffer, zeros before the first step. */
  readonly buffer: Float32Array;
}

/**
 * One step in place: g <- g + decay * v; buffer <- momentum * buffer + g; v <- v - rate * buffer. Every product and sum is
 * rounded to float32, as in the engines' rule "sgd".
 */
export function sgdInto({ values, gradient, buffer }: SgdArrays, options: SgdOptions): void {
  const rate = Math.fround(options.learningRate);
  const momentum = Math.fround(options.momentum);
  const decay = Math.fround(options.weightDecay);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const decayed = Math.fround((gradient[i] as number) + Math.fround(decay * value));
    const velocity = Math.fround(Math.fround(momentum * (buffer[i] as number)) + decayed);
    buffer[i] = velocity;
    values[i] = value - Math.fround(rate * velocity);
  }
}
