/** Gray images for networks that take colour. */
import { UsageError } from "../core/errors.js";
import type { ImageSet } from "./image-set.js";

const COLOURS = 3;

/** The one channel three times; digest and notice stay those of the files. UsageError for images that have colours. */
export function grayToRgb(set: ImageSet): ImageSet {
  if (set.channels !== 1)
    throw new UsageError(
      `--gray-to-rgb: the images of ${set.name} have ${set.channels} channels; only gray ones have one`,
    );
  const length = COLOURS * set.pixels.length;
  const pixels = set.pixels instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = set.pixels[Math.floor(i / COLOURS)] as number;
  return { ...set, channels: COLOURS, pixels };
}
