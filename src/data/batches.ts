/** The order of an epoch, and stored images to the numbers that a network takes. */
import { stream } from "../core/rng.js";
import type { ImageSet } from "./image-set.js";

/** A fresh uniform permutation of 0 … samples - 1 for each (seed, epoch, part), by Durstenfeld's shuffle (1964). */
export function epochOrder(samples: number, seed: number, epoch: number, part = 0): Uint32Array {
  const draws = stream(seed, "order", epoch, part);
  const order = Uint32Array.from({ length: samples }, (_, i) => i);
  for (let last = samples - 1; last > 0; last--) {
    const other = draws.integer(last + 1);
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}

/** Every byte as a pixel value in [0, 1], the quotient rounded once to float32. */
const PIXEL_VALUES = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Images at `indices`, in that order: [indices.length, height, width, channel] in [0, 1]; no mean or deviation is taken off. */
export function toFloat(set: ImageSet, indices: ArrayLike<number>): Float32Array {
  const size = set.height * set.width * set.channels;
  const images = new Float32Array(indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? 0;
    if (index >= set.samples) throw new RangeError(`image ${index} of ${set.samples}`);
    const image = set.pixels.subarray(index * size, (index + 1) * size);
    if (image instanceof Float32Array) images.set(image, i * size);
    else for (let j = 0; j < size; j++) images[i * size + j] = PIXEL_VALUES[image[j] as number] as number;
  }
  return images;
}
