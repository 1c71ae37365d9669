/** How much an evaluation asks of a network where no sample falls, and how long that takes here, by one measured gradient. */
import type { PlannedAttack } from "../attacks/evaluation-options.js";
import { toFloat } from "../data/batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { Inference } from "../engines/engine.js";

/** Enough to keep every core busy. */
const MEASURED = 64;

export interface PlannedWork {
  /** What attacks see. */
  readonly inference: Inference;
  readonly images: ImageSet;
  /** Dataset indices of the samples that are attacked. */
  readonly indices: Uint32Array;
  readonly attacks: readonly PlannedAttack[];
}

/** A line of `--dry-run`. */
export function workText(planned: PlannedWork): string {
  const count = allImages(planned);
  const seconds = count / gradientsPerSecond(planned);
  const images = `about ${count.toLocaleString("en")} images through the network`;
  return `where no sample falls: ${images}, by one measured gradient ${durationText(seconds)}; those that fall take no further part`;
}

/** Images through the network when no sample falls, the clean ones among them, without those that Square tries ahead of its turn. */
export function allImages({ inference, indices, attacks }: Omit<PlannedWork, "images">): number {
  const singles = attacks.flatMap(({ recipe }) => (recipe.type === "ensemble" ? recipe.members : [recipe]));
  const { classes } = inference;
  // Each pass ends with a look at its images.
  const ofSample = singles.reduce((sum, one) => sum + one.passes(classes) * (one.work(classes) + 1), 1);
  return indices.length * ofSample;
}

function gradientsPerSecond({ inference, images, indices }: PlannedWork): number {
  const few = indices.subarray(0, MEASURED);
  const pixels = toFloat(images, few);
  const gradient = () => inference.inputGradient(pixels, (logits) => new Float32Array(logits.length).fill(1));
  // The first pass is slower: buffers are made.
  gradient();
  const began = performance.now();
  gradient();
  return (1000 * few.length) / Math.max(performance.now() - began, 1e-3);
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}
