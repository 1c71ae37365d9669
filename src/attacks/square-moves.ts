/** What the two forms of the Square attack differ in: where they start and what they try next. */
import type { ImageShape } from "../engines/norm-ball.js";

/** Where random numbers come from: uniform in [0, 1). */
export interface Uniforms {
  uniform(): number;
}

export interface SquareSpace {
  /** Height, width, channels. */
  readonly shape: ImageShape;
  readonly epsilon: number;
  readonly bounds: readonly [number, number];
  readonly p0: number;
  /** Never place a square at the last row or column, as published results do not. */
  readonly excludeLast: boolean;
}

/** Images are [height, width, channel]; `candidate` is written, nothing else. */
export interface SquareMoves {
  start(candidate: Float32Array, origin: Float32Array, draws: Uniforms): void;
  propose(candidate: Float32Array, move: SquareMove): void;
}

export interface SquareMove {
  readonly best: Float32Array;
  readonly origin: Float32Array;
  readonly draws: Uniforms;
  /** From 0. */
  readonly iteration: number;
}

/** A sign from the next number. */
export function randomSign(draws: Uniforms): number {
  return draws.uniform() < 0.5 ? -1 : 1;
}
