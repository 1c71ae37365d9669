/** The attack inside an adversarial objective: projected ascent on a batch, one step an engine call. */
import { type Stream, stream } from "../../core/rng.js";
import type { Inference, LossGradient } from "../../engines/engine.js";
import type { Batch, CallPhase, InnerAttack } from "./objective.js";

/** What is attacked: batch-norm is in inference mode. */
export interface Target {
  readonly inference: Inference;
  /** [batch, height, width, channel] */
  readonly images: Float32Array;
  /** Range of pixels. */
  readonly bounds: readonly [number, number];
}

export interface InnerAscentOptions extends InnerAttack {
  /** Where the ascent begins, [batch, height, width, channel]. */
  readonly start: Float32Array;
  readonly lossGradient: LossGradient;
}

/** The images after `steps` steps of sign ascent in the L∞ ball around them. */
export function* innerAscent(target: Target, options: InnerAscentOptions): Generator<CallPhase, Float32Array> {
  const { start, steps, ...constants } = options;
  const { inference, images: origin, bounds } = target;
  const ascent = inference.ascend({ ...constants, images: start, origin, bounds, norm: "linf" });
  try {
    for (let step = 0; step < steps; step++) {
      ascent.advance(1);
      yield "attack";
    }
    return ascent.images();
  } finally {
    ascent.dispose();
  }
}

export interface StartOptions {
  readonly batch: number;
  /** The random stream of the image at this place of the batch. */
  readonly draws: (place: number) => Stream;
}

/** Where the noise of a training attack's start comes from: a stream for each (step, place in the batch). */
export function trainingStart({ seed, step, labels }: Batch): StartOptions {
  return { batch: labels.length, draws: (place) => stream(seed, "start", step, place) };
}

/** x + U(-epsilon, epsilon), clipped to the range of pixels. */
export function uniformStart({ images, bounds }: Target, epsilon: number, options: StartOptions): Float32Array {
  const [low, high] = bounds;
  const start = noise(images.length, options, (draws, out) => draws.fillUniform(out, -epsilon, epsilon));
  for (let i = 0; i < start.length; i++) {
    start[i] = Math.min(high, Math.max(low, (images[i] as number) + (start[i] as number)));
  }
  return start;
}

/** x + deviation · N(0, 1), not clipped. */
export function normalStart({ images }: Target, deviation: number, options: StartOptions): Float32Array {
  const start = noise(images.length, options, (draws, out) => draws.fillNormal(out, deviation));
  for (let i = 0; i < start.length; i++) start[i] = (images[i] as number) + (start[i] as number);
  return start;
}

type Fill = (draws: Stream, out: Float32Array) => void;

function noise(length: number, { batch, draws }: StartOptions, fill: Fill): Float32Array {
  const out = new Float32Array(length);
  const size = length / batch;
  for (let place = 0; place < batch; place++) fill(draws(place), out.subarray(place * size, (place + 1) * size));
  return out;
}
