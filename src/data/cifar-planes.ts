/** CIFAR's images: three planes of 32×32 in every version of its files. */

export const SIDE = 32;
export const CHANNELS = 3;
const PLANE = SIDE * SIDE;
export const IMAGE = CHANNELS * PLANE;

/** Where a file's records go. */
export interface CifarTarget {
  readonly labels: Uint8Array;
  /** [record, row, column, channel] */
  readonly pixels: Uint8Array;
}

/** Planes red, green, blue of one image to pixels [row, column, channel] from `offset` on. */
export function interleave(planes: Uint8Array, pixels: Uint8Array, offset: number): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let position = 0; position < PLANE; position++) {
      pixels[offset + position * CHANNELS + channel] = planes[channel * PLANE + position] as number;
    }
  }
}
