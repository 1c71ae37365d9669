/**
 * One optimiser step as plain arithmetic: the definition that engines are tested against, bit for bit. SGD with decoupled
 * weight decay (Loshchilov & Hutter 2019) in the form that has the learning rate inside the accumulator,
 *
 *     v <- v - lambda v,   a <- mu a - eta g,   v <- v + a,
 *
 * and, for HYDRA's stages, SGD with coupled decay. Every product, sum and difference is rounded to float32, and so are
 * lambda, mu and eta before they are used.
 */
const { abs, fround } = Math;

/** Below this a dormant connection's momentum is forgotten: it could not lift the connection any more. Compared in double. */
export const forgottenMomentum = 1e-12;

export interface StepConstants {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Ordinary parameters, or the connections of a fixed mask in their order: `values` and `momentum` change in place. */
export function sgdwStepInto(
  { values, momentum, gradient }: ParameterArrays & { readonly gradient: Float32Array },
  constants: StepConstants,
): void {
  const factors = rounded(constants);
  for (let i = 0; i < values.length; i++) sgdwEntry(values, momentum, i, gradient[i] as number, factors);
}

/** g' = g + lambda v;  buf <- mu buf + g';  v <- v - eta buf (PyTorch's SGD, no Nesterov); in place. */
export function sgdStepInto(
  { values, momentum, gradient }: ParameterArrays & { readonly gradient: Float32Array },
  constants: StepConstants,
): void {
  const { eta, mu, lambda } = rounded(constants);
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    const decayed = fround((gradient[i] as number) + fround(lambda * v));
    const buffer = fround(fround(mu * (momentum[i] as number)) + decayed);
    momentum[i] = buffer;
    values[i] = v - fround(eta * buffer);
  }
}

export interface ParameterArrays {
  readonly values: Float32Array;
  /** The accumulator, 0 at the start. */
  readonly momentum: Float32Array;
}

/** A kernel w = s max(0, theta), every position of it: connected where theta > 0. */
export interface MortalKernel {
  readonly theta: Float32Array;
  /** In terms of theta, not of w. */
  readonly momentum: Float32Array;
  /** -1 or +1. */
  readonly sign: Int8Array;
}

export interface MortalStep extends StepConstants {
  /** Gradient with respect to w at every position; read at connected ones only. */
  readonly gradient: Float32Array;
  /** Taken from theta of what was connected before the step. */
  readonly pull?: number;
  /** Normal noise of this deviation; `normal(position)` is a standard normal in double. */
  readonly noise?: { readonly deviation: number; readonly normal: (position: number) => number };
}

/**
 * The step of a mortal kernel, in place. A connection gets g = s dL/dw, decay, momentum and then the noise
 * theta + round(round(deviation) round(normal)). A dormant position that died recently (momentum left) goes on with g = 0
 * and without noise, and may come back by itself; whatever is dormant after the step with |momentum| < 1e-12 is forgotten:
 * theta = momentum = 0. Returns the number of connections.
 */
export function mortalStepInto(kernel: MortalKernel, step: MortalStep): number {
  const { theta, momentum, sign } = kernel;
  const factors = rounded(step);
  let connections = 0;
  for (let i = 0; i < theta.length; i++) {
    const wasConnected = (theta[i] as number) > 0;
    const g = wasConnected ? (sign[i] as number) * (step.gradient[i] as number) : 0;
    sgdwEntry(theta, momentum, i, g, factors);
    if (wasConnected) theta[i] = (theta[i] as number) - fround(step.pull ?? 0);
    if (wasConnected && step.noise) theta[i] = (theta[i] as number) + noiseAt(i, step.noise);
    if ((theta[i] as number) > 0) connections++;
    else if (abs(momentum[i] as number) < forgottenMomentum) {
      theta[i] = 0;
      momentum[i] = 0;
    }
  }
  return connections;
}

function sgdwEntry(values: Float32Array, momentum: Float32Array, i: number, g: number, factors: Factors): void {
  const v = values[i] as number;
  const decayed = fround(v - fround(factors.lambda * v));
  const accumulated = fround(fround(factors.mu * (momentum[i] as number)) - fround(factors.eta * g));
  momentum[i] = accumulated;
  values[i] = decayed + accumulated;
}

function noiseAt(position: number, { deviation, normal }: NonNullable<MortalStep["noise"]>): number {
  return fround(fround(deviation) * fround(normal(position)));
}

type Factors = ReturnType<typeof rounded>;

function rounded({ learningRate, momentum, weightDecay }: StepConstants) {
  return { eta: fround(learningRate), mu: fround(momentum), lambda: fround(weightDecay) };
}
