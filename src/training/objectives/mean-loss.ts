/** From sums over a batch to its mean, which is what training minimises. */
import { crossEntropy } from "../../losses/cross-entropy.js";
import { predictions } from "../../losses/predictions.js";
import type { BatchResult } from "./objective.js";

export interface BatchLoss extends BatchResult {
  /** Of the mean loss with respect to the logits, [batch, classes]. */
  readonly gradient: Float32Array;
}

/** Mean cross-entropy of logits [batch, classes]. */
export function meanCrossEntropy(logits: Float32Array, labels: Uint8Array): BatchLoss {
  const classes = logits.length / labels.length;
  const { values, gradient } = crossEntropy(logits, labels, classes);
  return {
    loss: mean(values),
    correct: countCorrect(logits, labels),
    gradient: gradient.map((value) => value / labels.length),
  };
}

export function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Samples whose largest logit is their label's. */
export function countCorrect(logits: Float32Array, labels: Uint8Array): number {
  const predicted = predictions(logits, logits.length / labels.length);
  return labels.reduce((sum, label, i) => sum + (predicted[i] === label ? 1 : 0), 0);
}
