/** The difference between an attacked image and the clean one: how long it is, and shorter ones of the same kind. */
import type { BallNorm, ThreatModel } from "./attack.js";
import { clipPixel } from "./clip-pixel.js";

const { fround } = Math;

/** Length of `image` - `origin` by a norm, each pixel's difference rounded to float32. */
export function differenceLength(image: Float32Array, origin: Float32Array, norm: BallNorm): number {
  let [largest, squares, sum] = [0, 0, 0];
  for (let i = 0; i < image.length; i++) {
    const distance = Math.abs(fround((image[i] as number) - (origin[i] as number)));
    largest = Math.max(largest, distance);
    squares += distance * distance;
    sum += distance;
  }
  return { linf: largest, l2: Math.sqrt(squares), l1: sum }[norm];
}

export interface Perturbed {
  readonly start: Float32Array;
  readonly origin: Float32Array;
  readonly norm: BallNorm;
  readonly bounds: ThreatModel["bounds"];
}

/**
 * Writes a point of the way from `origin` (part 0) to `start` (part 1) that suits the norm: Linf cuts every difference to a part of the range,
 * L2 goes straight, L1 lets pixels go back one after the other, the least changed ones first.
 */
export function betweenInto(out: Float32Array, { start, origin, norm, bounds }: Perturbed, part: number): void {
  const range = bounds[1] - bounds[0];
  const limit = part * range;
  for (let i = 0; i < out.length; i++) {
    const pixel = origin[i] as number;
    const difference = fround((start[i] as number) - pixel);
    const size = Math.abs(difference);
    const kept = { linf: Math.min(size, limit), l2: part * size, l1: Math.max(0, size - (range - limit)) }[norm];
    out[i] = clipPixel(fround(pixel + (difference < 0 ? -kept : kept)), bounds);
  }
}

/** Writes `start` brought into the ball of a radius as Foolbox does: cut pixel by pixel in Linf, scaled in the others. */
export function shortenedInto(out: Float32Array, { start, origin, norm, bounds }: Perturbed, radius: number): void {
  const length = norm === "linf" ? 0 : differenceLength(start, origin, norm);
  const scale = length > radius ? radius / length : 1;
  for (let i = 0; i < out.length; i++) {
    const pixel = origin[i] as number;
    const difference = fround((start[i] as number) - pixel);
    const kept = norm === "linf" ? Math.max(-radius, Math.min(radius, difference)) : scale * difference;
    out[i] = clipPixel(fround(pixel + kept), bounds);
  }
}
