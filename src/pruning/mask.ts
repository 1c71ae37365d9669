/** HYDRA's hard mask: the largest scores by magnitude in each layer are kept (Sehwag et al. 2020, section 2). */
import { largestMagnitudes } from "../engines/largest.js";
import { without } from "../sparsity/positions.js";

/** What a mask loses and wins, ascending. */
export interface MaskChange {
  readonly drop: Uint32Array;
  readonly grow: Uint32Array;
}

/**
 * Entries that a layer of `size` weights keeps at `density`: size - trunc((1 - density) * size) in doubles, so usually one
 * more than floor(density * size) and never none.
 */
export function keptCount(density: number, size: number): number {
  return size - Math.trunc((1 - density) * size);
}

/**
 * Ascending positions of the `kept` largest |scores|. Among equal magnitudes the lower position goes first, so the mask is a
 * function of the scores alone.
 */
export function keepLargest(scores: Float32Array, kept: number): Uint32Array {
  return largestMagnitudes(scores, { count: kept, ties: "last" });
}

/** What turns the ascending positions `before` into `after`. */
export function maskChange(before: Uint32Array, after: Uint32Array): MaskChange {
  return { drop: without(before, after), grow: without(after, before) };
}
