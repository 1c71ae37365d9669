/** Accuracy of a random network on attacked images: one pass says little, since a success may be chance. */
import type { Inference } from "../engines/engine.js";
import { predictions } from "../losses/predictions.js";
import type { TestSamples } from "./attack.js";
import { batches } from "./passes.js";

/** How often each image is classified. */
export const REPEATS = 10;

export interface RepeatedOptions {
  readonly inference: Inference;
  readonly samples: TestSamples;
  /** Dataset indices of all samples that count. */
  readonly indices: Uint32Array;
  /** The image that fooled a sample; those that stand, or were wrong from the start, come as they are. */
  readonly fooling: ReadonlyMap<number, Float32Array>;
  readonly batchSize: number;
  /** For signals, after every engine call. */
  readonly pause: () => Promise<void>;
}

/** The mean over `REPEATS` passes of the share of the samples that are classified rightly. */
export async function repeatedAccuracy(options: RepeatedOptions): Promise<number> {
  const { inference, samples, indices, fooling, batchSize, pause } = options;
  let correct = 0;
  for (const batch of batches(indices, batchSize)) {
    const images = samples.images(batch).slice();
    const size = images.length / batch.length;
    for (const [i, index] of batch.entries()) images.set(fooling.get(index) ?? [], i * size);
    for (let pass = 0; pass < REPEATS; pass++) {
      const predicted = predictions(inference.logits(images), inference.classes);
      for (const [i, index] of batch.entries()) if (predicted[i] === samples.labels[index]) correct++;
      await pause();
    }
  }
  return correct / (REPEATS * indices.length);
}
