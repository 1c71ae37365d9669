/** Which values stay where only some may: the largest by magnitude, found in the addon where it is there, with the same answer. */
import { ResourceError } from "../core/errors.js";
import { type Addon, loadAddon } from "./addon.js";
import { type LargestOptions, plainLargest } from "./plain-largest.js";

/** Ascending positions of the `count` largest |values|, as plain-largest.ts defines them. RangeError where there are not so many. */
export function largestMagnitudes(values: Float32Array, { count, ties }: LargestOptions): Uint32Array {
  addon ??= loadedAddon();
  if (!(count >= 0 && count <= values.length))
    throw new RangeError(`count is ${count}; it must be from 0 to ${values.length}`);
  return addon === "none" ? plainLargest(values, { count, ties }) : addon.largest(values, count, ties === "first");
}

let addon: Addon | "none" | undefined;

/** The tensorflow engine runs without the addon too. */
function loadedAddon(): Addon | "none" {
  try {
    return loadAddon();
  } catch (error) {
    if (error instanceof ResourceError) return "none";
    throw error;
  }
}
