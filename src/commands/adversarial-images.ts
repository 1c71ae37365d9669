/** Adversarial images that an evaluation finds, one a sample, and the file that keeps them (`--save-adversarial`). */

import { toFloat } from "../data/batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { Inference } from "../engines/engine.js";
import { type WritableTensor, writeSafetensors } from "../formats/safetensors-write.js";
import { predictions } from "../losses/predictions.js";

/** The first image that fooled the network, and the attack that found it. */
export interface Example {
  readonly attack: string;
  /** [height, width, channel] */
  readonly image: Float32Array;
}

export class AdversarialImages {
  /** By dataset index. */
  readonly examples = new Map<number, Example>();

  /** For `EvaluationHooks.fooled`. */
  readonly take = ({ name, index, image }: { name: string; index: number; image: Float32Array }): void => {
    if (!this.examples.has(index)) this.examples.set(index, { attack: name, image });
  };
}

/** A sample as it is and as the attack left it: the clean image where nothing fooled the network. */
export interface AttackedSample {
  readonly index: number;
  readonly label: number;
  readonly clean: Float32Array;
  readonly cleanPrediction: number;
  readonly attacked: Float32Array;
  readonly prediction: number;
  /** null: nothing fooled the network, or it was wrong from the start. */
  readonly attack: string | null;
}

export interface AttackedSet {
  readonly inference: Inference;
  readonly images: ImageSet;
  /** Dataset indices of the samples, ascending. */
  readonly indices: Uint32Array;
  readonly examples: ReadonlyMap<number, Example>;
  readonly batchSize: number;
}

/** All samples, with the network's own word on the very images. */
export function* attackedSamples(set: AttackedSet): Generator<AttackedSample> {
  const { inference, images, indices, examples, batchSize } = set;
  for (let from = 0; from < indices.length; from += batchSize) {
    const some = indices.subarray(from, from + batchSize);
    const clean = toFloat(images, some);
    const size = clean.length / some.length;
    const attacked = clean.slice();
    const cleanPredictions = predictions(inference.logits(clean), inference.classes);
    const found = Array.from(some, (index, i) => {
      const isRight = cleanPredictions[i] === images.labels[index];
      const example = isRight ? examples.get(index) : undefined;
      if (example !== undefined) attacked.set(example.image, i * size);
      return example?.attack ?? null;
    });
    const afterwards = predictions(inference.logits(attacked), inference.classes);
    for (const [i, index] of some.entries()) {
      yield {
        index,
        label: images.labels[index] ?? -1,
        clean: clean.subarray(i * size, (i + 1) * size),
        cleanPrediction: cleanPredictions[i] ?? -1,
        attacked: attacked.subarray(i * size, (i + 1) * size),
        prediction: afterwards[i] ?? -1,
        attack: found[i] ?? null,
      };
    }
  }
}

/**
 * Writes `images` F32 [samples, height, width, channel] in [0, 1], and of each `labels`, `predictions`, `indices` (in the data set)
 * and `attack` (its number in the metadata's `attacks`, -1 where the image is the clean one), all I32.
 */
export async function saveAdversarial(
  path: string,
  set: AttackedSet,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  const samples = [...attackedSamples(set)];
  const { height, width, channels } = set.images;
  const pixels = new Float32Array(samples.length * height * width * channels);
  for (const [i, { attacked }] of samples.entries()) pixels.set(attacked, i * attacked.length);
  const attacks = [...new Set(samples.flatMap(({ attack }) => (attack === null ? [] : [attack])))];
  const column = (entry: (sample: AttackedSample) => number) => ({
    shape: [samples.length],
    values: Int32Array.from(samples, entry),
  });
  const tensors = new Map<string, WritableTensor>([
    ["images", { shape: [samples.length, height, width, channels], values: pixels }],
    ["labels", column(({ label }) => label)],
    ["predictions", column(({ prediction }) => prediction)],
    ["indices", column(({ index }) => index)],
    ["attack", column(({ attack }) => (attack === null ? -1 : attacks.indexOf(attack)))],
  ]);
  const metadata = new Map(Object.entries({ format: FORMAT, ...facts, attacks: JSON.stringify(attacks) }));
  await writeSafetensors(path, { metadata, tensors });
}

const FORMAT = "sparse-robust-adversarial/1";
