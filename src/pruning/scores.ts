/** HYDRA's importance scores: how they start, and the gradient that the straight-through mask gives them. */
import { stream } from "../core/rng.js";

/** Ways to start the scores; `scaled` is the method, the random ones are its ablation, `snip` weighs by the natural loss. */
export const scoreStarts = [
  "scaled",
  "kaiming-uniform",
  "kaiming-normal",
  "xavier-uniform",
  "xavier-normal",
  "snip",
] as const;

export type ScoreStart = (typeof scoreStarts)[number];

export interface ScoreStartOptions {
  readonly start: ScoreStart;
  /** A kernel, [out, in, kh, kw] or [out, in] flattened. */
  readonly weights: Float32Array;
  readonly shape: readonly number[];
  /** dL/dW of a batch; only `snip` reads it. */
  readonly gradient: Float32Array | null;
  readonly seed: number;
  /** Number of the weight layer in graph order: its own stream for random starts. */
  readonly layer: number;
}

/** First scores of a layer, one a weight (Sehwag et al. 2020, section 4.1; Kaiming with gain sqrt 2, Xavier with gain sqrt 2). */
export function initialScores(options: ScoreStartOptions): Float32Array {
  const { start, weights, shape, gradient, seed, layer } = options;
  const { fanIn, fanOut } = fans(shape);
  const scores = new Float32Array(weights.length);
  const draws = stream(seed, "score", layer);
  switch (start) {
    case "scaled":
      return scaledScores(weights, fanIn);
    case "kaiming-uniform":
      draws.fillUniform(scores, -Math.sqrt(6 / fanIn), Math.sqrt(6 / fanIn));
      return scores;
    case "kaiming-normal":
      draws.fillNormal(scores, Math.sqrt(2 / fanIn));
      return scores;
    case "xavier-uniform":
      draws.fillUniform(scores, -Math.sqrt(12 / (fanIn + fanOut)), Math.sqrt(12 / (fanIn + fanOut)));
      return scores;
    case "xavier-normal":
      draws.fillNormal(scores, Math.sqrt(4 / (fanIn + fanOut)));
      return scores;
    case "snip":
      return weights.map((weight, i) => Math.abs(weight * (gradient?.[i] ?? 0)));
  }
}

/**
 * S = sqrt(6 / fanIn) * W / max|W| over the layer: as large as a Kaiming-uniform start may be, ordered like |W|, so the first
 * mask is that of magnitude pruning.
 */
export function scaledScores(weights: Float32Array, fanIn: number): Float32Array {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  // A layer of zeros has no order to keep; its scores are zeros too.
  if (largest === 0) return new Float32Array(weights.length);
  const scale = Math.sqrt(6 / fanIn) / largest;
  return weights.map((weight) => scale * weight);
}

export interface ScoreGradientOptions {
  /** dL/d(W * M), for every position; becomes dL/dS. */
  readonly gradient: Float32Array;
  readonly weights: Float32Array;
  readonly scores: Float32Array;
}

/**
 * dL/dS = dL/d(W * M) * W * sign(S): the top-k passes the gradient on unchanged, to pruned entries too. Signs are read from bits:
 * a branch on them, which is in Math.sign too, takes 80 ms more for VGG-16.
 */
export function scoreGradientInto({ gradient, weights, scores }: ScoreGradientOptions): void {
  const scoreBits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  for (let position = 0; position < gradient.length; position++) {
    const bits = scoreBits[position] as number;
    const sign = bits << 1 === 0 ? 0 : 1 | (bits >> 31);
    gradient[position] = (gradient[position] as number) * (weights[position] as number) * sign;
  }
}

/** Inputs and outputs that a unit is connected to, kernel positions included. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const [outputs = 1, inputs = 1, ...window] = shape;
  const positions = window.reduce((product, length) => product * length, 1);
  return { fanIn: inputs * positions, fanOut: outputs * positions };
}
