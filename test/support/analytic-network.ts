/** Networks given as formulas on one image, as engines: for golden values that need no weights file. */

import type { TestSamples } from "../../src/attacks/attack.js";
import { plainAscent } from "../../src/engines/ascend.js";
import type { Inference, LossGradient } from "../../src/engines/engine.js";

export interface AnalyticNetwork {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  logits(image: Float32Array): Float64Array;
  /** Gradient with respect to the image of `above` · logits. */
  gradient(image: Float32Array, above: Float32Array): Float64Array;
}

export interface CountingInference extends Inference {
  /** Images through the network so far. */
  readonly calls: { forwards: number; gradients: number };
}

/** A network of formulas as an engine's inference, image by image in double, that counts what it is asked for. */
export function inferenceOf(network: AnalyticNetwork): CountingInference {
  const { input, classes } = network;
  const size = input[0] * input[1] * input[2];
  const calls = { forwards: 0, gradients: 0 };
  const logitsOf = (images: Float32Array) => {
    const rows = splitImages(images, size).map((image) => network.logits(image));
    return Float32Array.from(rows.flatMap((row) => [...row]));
  };
  const inference: CountingInference = {
    input,
    classes,
    calls,
    logits(images: Float32Array): Float32Array {
      calls.forwards += images.length / size;
      return logitsOf(images);
    },
    inputGradient(images: Float32Array, lossGradient: LossGradient) {
      calls.gradients += images.length / size;
      const logits = logitsOf(images);
      const above = lossGradient(logits);
      const rows = splitImages(images, size).map((image, i) =>
        network.gradient(image, above.subarray(i * classes, (i + 1) * classes)),
      );
      return { logits, gradient: Float32Array.from(rows.flatMap((row) => [...row])) };
    },
    ascend: (problem) => plainAscent(inference, problem),
    dispose(): void {},
  };
  return inference;
}

/** Images of one array [samples, ...] by dataset index. */
export function samplesOf(images: Float32Array, labels: Int32Array): TestSamples {
  const size = images.length / labels.length;
  return {
    labels,
    images(indices: Uint32Array): Float32Array {
      const chosen = new Float32Array(indices.length * size);
      for (const [i, index] of indices.entries()) {
        chosen.set(images.subarray(index * size, (index + 1) * size), i * size);
      }
      return chosen;
    },
  };
}

function splitImages(images: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: images.length / size }, (_, i) => images.subarray(i * size, (i + 1) * size));
}
