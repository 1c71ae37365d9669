/** Batch-norm's running statistics estimated anew on a pruned network, which otherwise keeps those of the dense one. */
import type { Engine } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import { BatchSource, type BatchSourceOptions } from "../training/batch-source.js";
import { masksOf } from "./masked-network.js";

export interface StatisticsAgainOptions {
  readonly engine: Engine;
  readonly network: Network;
  /** Whose first batches are passed through. */
  readonly source: BatchSourceOptions;
  readonly batches: number;
  readonly variance: "biased" | "unbiased";
}

/**
 * The network after as many training forwards of clean batches, none of its parameters changed; and how many images passed. HYDRA's
 * prune stage adapts the statistics as it goes, magnitude pruning does not, so only this makes the two comparable before fine-tuning.
 */
export function withStatisticsAgain(options: StatisticsAgainOptions): { network: Network; images: number } {
  const { engine, network, batches, variance } = options;
  const source = new BatchSource(options.source);
  const rules = new Map([...masksOf(network).keys()].map((name) => [name, "masked"] as const));
  const training = engine.train(network, { rules });
  try {
    let images = 0;
    for (let step = 0; step < batches; step++) {
      const epoch = Math.floor(step / source.stepsPerEpoch);
      const batch = source.batch({ step, epoch, stepOfEpoch: step % source.stepsPerEpoch });
      const tape = training.forward(batch.images);
      training.updateStatistics(tape, variance);
      training.discard(tape);
      images += batch.labels.length;
    }
    return { network: { ...network, tensors: training.tensors() }, images };
  } finally {
    training.dispose();
  }
}
