/** How long a training step takes, found by doing one. */
import type { Engine } from "../engines/engine.js";
import type { InitialNetwork } from "../sparsity/initial.js";
import { BatchSource, type BatchSourceOptions } from "../training/batch-source.js";
import type { Objective } from "../training/objectives/objective.js";

export interface MeasuredStepOptions extends InitialNetwork, Omit<BatchSourceOptions, "seed"> {
  readonly objective: Objective;
}

/** Seconds of one batch and its gradients, on a network that is thrown away. */
export async function measureStep(options: MeasuredStepOptions, engine: Engine): Promise<number> {
  const { network, rules, objective } = options;
  const training = engine.train(network, { rules });
  try {
    const source = new BatchSource({ ...options, seed: 0 });
    const began = performance.now();
    const batch = source.batch({ step: 0, epoch: 0, stepOfEpoch: 0 });
    const calls = objective.accumulate({ ...batch, training, bounds: [0, 1], seed: 0, step: 0 });
    while (!calls.next().done);
    return (performance.now() - began) / 1000;
  } finally {
    training.dispose();
  }
}

/** A line of `--dry-run`. */
export function durationText(seconds: number, steps: number): string {
  const hours = (seconds * steps) / 3600;
  const all = hours < 0.1 ? `${(60 * hours).toFixed(1)} minutes` : `${hours.toFixed(1)} hours`;
  return `one measured step: ${seconds.toFixed(3)} s; all steps: about ${all}, and the evaluations`;
}
