/** Gradients of one batch's natural loss in a dense network, which SNIP's scores are made of (Lee et al. 2019). */
import type { Engine } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { LabelledBatch } from "../training/batch-source.js";
import { meanCrossEntropy } from "../training/objectives/mean-loss.js";

export interface LossGradientsOptions {
  readonly engine: Engine;
  readonly network: Network;
  readonly layers: Iterable<string>;
  readonly batch: LabelledBatch;
}

/** dL/dW of each layer named, every position; L is the mean cross-entropy of clean images, batch-norm with the batch's statistics. */
export function lossGradients({ engine, network, layers, batch }: LossGradientsOptions): Map<string, Float32Array> {
  const training = engine.train(network, { rules: new Map() });
  try {
    const tape = training.forward(batch.images);
    training.backward(tape, meanCrossEntropy(tape.logits, batch.labels).gradient);
    return new Map([...layers].map((name) => [name, training.gradient(`${name}.weight`)]));
  } finally {
    training.dispose();
  }
}
