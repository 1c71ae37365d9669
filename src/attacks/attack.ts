/** What an attack is: from a batch of images to perturbed ones, one engine call at a time. */
import type { Inference, Norm } from "../engines/engine.js";
import type { Labels } from "../losses/loss.js";

/** How a ball is measured: in one of the norms that engines ascend in, or by the sum of all differences. */
export type BallNorm = Norm | "l1";

/** Where perturbed images must lie: at most `epsilon` from their origin by `norm`, pixels in `bounds`. */
export interface ThreatModel {
  readonly norm: BallNorm;
  readonly epsilon: number;
  /** Range of pixels, [0, 1] unless the data says otherwise. */
  readonly bounds: readonly [number, number];
}

/**
 * Which run of an attack samples are in, counted from 1 over restarts and targets: one number for all of a batch, or one for each of
 * its rows. It names the random draws, and the target where there is one.
 */
export type Passes = number | Uint32Array;

export function passOf(passes: Passes, row: number): number {
  return typeof passes === "number" ? passes : (passes[row] ?? 1);
}

/** A data set as attacks see it, by dataset index. */
export interface TestSamples {
  readonly labels: Labels;
  /** [indices, height, width, channel] */
  images(indices: Uint32Array): Float32Array;
}

/**
 * Samples under attack, and which ones they are: random draws hang on their dataset index, not on their place here. A sample may be
 * there several times, in another pass each.
 */
export interface AttackBatch {
  readonly inference: Inference;
  readonly threat: ThreatModel;
  /** [batch, height, width, channel] */
  readonly images: Float32Array;
  readonly labels: Labels;
  /** Dataset index of each sample. */
  readonly indices: Uint32Array;
  readonly seed: number;
  /** Samples that stood when the attack began, here and in other batches; as many as are here unless given. */
  readonly begunWith?: number;
  /** Logits [batch, classes] of the images as they are, where they are known already. */
  readonly cleanLogits?: Float32Array;
  /** The first image of each class in the data, the same for every batch. */
  readonly exemplars?: () => Exemplars;
}

/** Some images of the data with their labels: [count, height, width, channel]. */
export interface Exemplars {
  readonly images: Float32Array;
  readonly labels: Labels;
}

/** What one engine call did, in images; a gradient includes its forward, which is not counted again. */
export interface EngineCall {
  readonly forwards: number;
  readonly gradients: number;
  /** Samples whose loss had a gradient of exactly 0 at the start, where the attack looked at it. */
  readonly zeroGradients?: number;
  /** Samples still right whose loss no iterate raised although it had a gradient, where the attack looked at it. */
  readonly stuck?: number;
}

/**
 * One run of an attack: yields after every engine call, so that no call is long and a signal is seen between them, and
 * returns images [batch, height, width, channel] of which none needs to be a success.
 */
export type AttackRun = Generator<EngineCall, Float32Array>;
