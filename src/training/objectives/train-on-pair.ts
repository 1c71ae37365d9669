/** The training passes of an objective over two inputs: clean images, then their attacked copies, gradients through both. */
import type { Batch, BatchResult, CallPhase, StatisticsRule } from "./objective.js";

/** A loss of both logits, with its gradients [batch, classes]. */
export interface PairLoss extends BatchResult {
  /** Of the loss with respect to the logits of the clean images. */
  readonly natural: Float32Array;
  /** With respect to those of the attacked images. */
  readonly adversarial: Float32Array;
}

export interface PairOptions {
  /** [batch, height, width, channel] */
  readonly attacked: Float32Array;
  readonly statistics: StatisticsRule;
  readonly loss: (natural: Float32Array, adversarial: Float32Array) => PairLoss;
}

/** Two forwards, each updating batch-norm's running statistics in its turn ("hydra" replays the clean batch), two backwards. */
export function* trainOnPair(
  { training, images }: Batch,
  { attacked, statistics, loss }: PairOptions,
): Generator<CallPhase, BatchResult> {
  const natural = training.forward(images);
  training.updateStatistics(natural, statistics.variance);
  yield "update";
  const adversarial = training.forward(attacked);
  training.updateStatistics(adversarial, statistics.variance);
  if (statistics.updates === "hydra") training.updateStatistics(natural, statistics.variance);
  yield "update";
  const { natural: z, adversarial: a, ...result } = loss(natural.logits, adversarial.logits);
  training.backward(natural, z);
  yield "update";
  training.backward(adversarial, a);
  yield "update";
  return result;
}
