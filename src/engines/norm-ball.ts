/**
 * The ball of an attack around its image, intersected with the range of pixels: steps of gradient ascent and projections.
 *
 * These loops define the bits that every engine's `ascend` must give. Constants are rounded to float32 once; each sum, product
 * and quotient of pixels is rounded to float32 where it stands, in the order written; only the two sums of squares of an
 * L2 step are in double. Min and max are by comparison: a value is replaced only if it lies strictly outside.
 */
import type { Norm } from "./engine.js";

const { fround } = Math;

export interface Ball {
  readonly norm: Norm;
  /** Rounded to float32 by `ballOf`, as are the bounds. */
  readonly epsilon: number;
  readonly bounds: readonly [number, number];
}

/** A ball with its constants rounded to float32. */
export function ballOf({ norm, epsilon, bounds }: Ball): Ball {
  return { norm, epsilon: fround(epsilon), bounds: [fround(bounds[0]), fround(bounds[1])] };
}

/** Height, width, channels of one image [height, width, channel]. */
export type ImageShape = readonly [number, number, number];

export interface Step {
  readonly ball: Ball;
  readonly stepSize: number;
  readonly shape: ImageShape;
  readonly origin: Float32Array;
  readonly gradient: Float32Array;
}

/** A gradient or perturbation shorter than this counts as this long, so that 0 divided by its length stays 0. */
const SHORTEST = 1e-12;

/**
 * One step of ascent from `images` in place, then back into the ball around `origin` and the bounds (Madry et al. 2018,
 * equation 3, in Foolbox's order). All arrays [batch, height, width, channel].
 *
 * Linf, for each pixel: t = ±a or 0, by the gradient's sign; z1 = z + t; then `projectPixel`.
 * L2, for each image: q = fround(1 / max(|g|, 1e-12)); for each pixel z1 = z + fround(fround(a · q) · g);
 * then d = z1 - x; f = 1 if |d| <= eps, else fround(eps / |d|); z = clip(x + fround(d · f)).
 * |v| is the double square root of the sum of squares, in double, over channels, then rows, then columns (the last fastest).
 */
export function stepInto(images: Float32Array, step: Step): void {
  const ball = ballOf(step.ball);
  const stepSize = fround(step.stepSize);
  if (ball.norm === "linf") signStep(images, { ...step, ball, stepSize });
  else normStep(images, { ...step, ball, stepSize });
}

/** Projects `images` in place onto the ball around `origin` and the bounds, by the second half of `stepInto`. */
export function projectInto(images: Float32Array, options: Omit<Step, "stepSize" | "gradient">): void {
  const ball = ballOf(options.ball);
  if (ball.norm === "linf") {
    for (let i = 0; i < images.length; i++)
      images[i] = projectPixel(images[i] as number, options.origin[i] as number, ball);
    return;
  }
  const size = imageSize(options.shape);
  for (let from = 0; from < images.length; from += size) shortenInto(images, from, { ...options, ball });
}

function signStep(images: Float32Array, { ball, stepSize, origin, gradient }: Step): void {
  for (let i = 0; i < images.length; i++) {
    const g = gradient[i] as number;
    const move = g > 0 ? stepSize : g < 0 ? -stepSize : 0;
    images[i] = projectPixel(fround((images[i] as number) + move), origin[i] as number, ball);
  }
}

/** d = z - x; d = max(d, -eps); d = min(d, eps); z = x + d; z = max(z, low); z = min(z, high). */
function projectPixel(pixel: number, origin: number, { epsilon, bounds }: Ball): number {
  let d = fround(pixel - origin);
  if (d < -epsilon) d = -epsilon;
  if (d > epsilon) d = epsilon;
  return clip(fround(origin + d), bounds);
}

function clip(pixel: number, [low, high]: readonly [number, number]): number {
  if (pixel < low) return low;
  return pixel > high ? high : pixel;
}

function normStep(images: Float32Array, step: Step): void {
  const size = imageSize(step.shape);
  for (let from = 0; from < images.length; from += size) {
    const length = Math.sqrt(sumOfSquares(step.gradient, from, step.shape));
    const scale = fround(step.stepSize * fround(1 / Math.max(length, SHORTEST)));
    for (let i = from; i < from + size; i++) {
      images[i] = fround((images[i] as number) + fround(scale * (step.gradient[i] as number)));
    }
    shortenInto(images, from, step);
  }
}

/** Projects the image at offset `from` onto the L2 ball and the bounds. */
function shortenInto(images: Float32Array, from: number, options: Omit<Step, "stepSize" | "gradient">): void {
  const { ball, origin, shape } = options;
  const size = imageSize(shape);
  const difference = new Float32Array(size);
  for (let i = 0; i < size; i++) difference[i] = fround((images[from + i] as number) - (origin[from + i] as number));
  const length = Math.sqrt(sumOfSquares(difference, 0, shape));
  const factor = length > ball.epsilon ? fround(ball.epsilon / length) : 1;
  for (let i = 0; i < size; i++) {
    const shortened = fround((difference[i] as number) * factor);
    images[from + i] = clip(fround((origin[from + i] as number) + shortened), ball.bounds);
  }
}

/** In double, over channels, then rows, then columns: the order of an engine that keeps channel planes. */
function sumOfSquares(values: Float32Array, from: number, [height, width, channels]: ImageShape): number {
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let position = 0; position < height * width; position++) {
      const value = values[from + position * channels + c] as number;
      sum += value * value;
    }
  }
  return sum;
}

function imageSize([height, width, channels]: ImageShape): number {
  return height * width * channels;
}
