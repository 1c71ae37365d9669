/** What an attack finds that looks for the smallest perturbation. */
import type { EngineCall } from "./attack.js";

export interface NearestImages {
  /** The nearest misclassified image of each sample [batch, height, width, channel]; the clean one where nothing was found. */
  readonly images: Float32Array;
  /** Lengths of the perturbations, [batch]; infinite where nothing was found, 0 where the clean image is not classified rightly. */
  readonly norms: Float64Array;
}

/** One run of such an attack, engine call by engine call. */
export type NearestRun = Generator<EngineCall, NearestImages>;
