/** How long a training step takes, found by doing one. */
import type { Engine } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { InitialNetwork } from "../sparsity/initial.js";
import { BatchSource, type PseudoLabelled } from "../training/batch-source.js";
import type { Objective } from "../training/objectives/objective.js";
import type { Augment, Samples } from "../training/samples.js";

export interface MeasuredStepOptions {
  readonly initial: InitialNetwork;
  readonly samples: Samples;
  readonly augment: Augment | null;
  readonly pseudoLabelled: PseudoLabelled | null;
  readonly objective: Objective;
  readonly settings: { readonly batchSize: number };
}

/** Seconds of one batch and its gradients, on a network that is thrown away. */
export async function measureStep(options: MeasuredStepOptions, engine: Engine): Promise<number> {
  const { initial, objective, settings } = options;
  const network: Network = initial.network;
  const training = engine.train(network, { rules: initial.rules });
  try {
    const source = new BatchSource({ ...options, batchSize: settings.batchSize, remainder: "drop", seed: 0 });
    const began = performance.now();
    const batch = source.batch({ step: 0, epoch: 0, stepOfEpoch: 0 });
    const calls = objective.accumulate({ ...batch, training, bounds: [0, 1], seed: 0, step: 0 });
    while (!calls.next().done);
    return (performance.now() - began) / 1000;
  } finally {
    training.dispose();
  }
}
