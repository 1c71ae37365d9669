/** How long a training step takes, found by doing one. */
import type { Engine } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { InitialNetwork } from "../sparsity/initial.js";
import type { Objective } from "../training/objectives/objective.js";
import { labelsAt, type Samples } from "../training/samples.js";

export interface MeasuredStepOptions {
  readonly initial: InitialNetwork;
  readonly samples: Samples;
  readonly objective: Objective;
  readonly settings: { readonly batchSize: number };
}

/** Seconds of the gradients of one batch, on a network that is thrown away. */
export async function measureStep(options: MeasuredStepOptions, engine: Engine): Promise<number> {
  const { initial, samples, objective, settings } = options;
  const network: Network = initial.network;
  const training = engine.train(network, { rules: initial.rules });
  try {
    const indices = Uint32Array.from({ length: settings.batchSize }, (_, i) => i);
    const images = samples.read(indices);
    const began = performance.now();
    const batch = { training, images, labels: labelsAt(samples, indices), bounds: [0, 1], seed: 0, step: 0 } as const;
    const calls = objective.accumulate(batch);
    while (!calls.next().done);
    return (performance.now() - began) / 1000;
  } finally {
    training.dispose();
  }
}
