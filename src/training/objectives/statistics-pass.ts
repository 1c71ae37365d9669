/** A training forward pass for nothing but batch-norm's running statistics. */
import type { Training } from "../../engines/engine.js";
import type { CallPhase, StatisticsRule } from "./objective.js";

/** HYDRA's accuracy meter before the attack: the attack sees statistics that know this clean batch. */
export function* statisticsPass(
  training: Training,
  images: Float32Array,
  { variance }: StatisticsRule,
): Generator<CallPhase, void> {
  const tape = training.forward(images);
  training.updateStatistics(tape, variance);
  training.discard(tape);
  yield "update";
}
