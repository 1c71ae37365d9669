/** Batches for attacks that are run on their own, and runs driven to their end. */
import type { AttackBatch, BallNorm, EngineCall } from "../../src/attacks/attack.js";

/** Samples under attack at a radius, in [0, 1], as dataset indices 0, 1, … unless given. */
export function batchOf(
  samples: Pick<AttackBatch, "inference" | "images" | "labels">,
  ball: { readonly epsilon: number; readonly norm: BallNorm },
  indices: readonly number[] = [...samples.labels.keys()],
): AttackBatch {
  return { ...samples, threat: { ...ball, bounds: [0, 1] }, indices: Uint32Array.from(indices), seed: 1 };
}

/** One sample of a batch alone, as the same dataset index. */
export function alone(batch: AttackBatch, sample: number): AttackBatch {
  const size = batch.images.length / batch.labels.length;
  return {
    ...batch,
    images: batch.images.slice(size * sample, size * (sample + 1)),
    labels: batch.labels.slice(sample, sample + 1),
    indices: batch.indices.slice(sample, sample + 1),
  };
}

/** What a run returns, and its engine calls. */
export function driven<Result>(run: Generator<EngineCall, Result>): { calls: EngineCall[]; result: Result } {
  const calls: EngineCall[] = [];
  let next = run.next();
  for (; !next.done; next = run.next()) calls.push(next.value);
  return { calls, result: next.value };
}

/** Images through the network. */
export function total(calls: readonly EngineCall[]): { forwards: number; gradients: number } {
  const sum = (field: "forwards" | "gradients") => calls.reduce((count, call) => count + call[field], 0);
  return { forwards: sum("forwards"), gradients: sum("gradients") };
}
