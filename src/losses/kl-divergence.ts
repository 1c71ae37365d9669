/** Kullback-Leibler divergence between the softmaxes of two sets of logits. */
import { logSoftmaxInto } from "./softmax.js";

export interface Divergence {
  /** One value a sample, [batch]. */
  readonly values: Float32Array;
  /** Of the sum of the values with respect to the logits of P, [batch, classes]. */
  readonly gradientP: Float32Array;
  readonly gradientQ: Float32Array;
}

/**
 * KL(P||Q) = sum of P (log P - log Q) for each sample, P and Q the softmaxes of logits [batch, classes]. With respect to the
 * logits of P its gradient is P ((log P - log Q) - KL), of Q it is Q - P. In double from log-softmaxes, never from the
 * logarithm of a probability. Throws RangeError where the shapes differ.
 */
export function klDivergence(pLogits: Float32Array, qLogits: Float32Array, classes: number): Divergence {
  if (pLogits.length !== qLogits.length || pLogits.length % classes !== 0) {
    throw new RangeError(
      `${pLogits.length} and ${qLogits.length} logits are not the same samples of ${classes} classes`,
    );
  }
  const values = new Float32Array(pLogits.length / classes);
  const gradientP = new Float32Array(pLogits.length);
  const gradientQ = new Float32Array(pLogits.length);
  const logP = new Float64Array(classes);
  const logQ = new Float64Array(classes);
  for (let sample = 0; sample < values.length; sample++) {
    logSoftmaxInto(logP, pLogits, sample);
    logSoftmaxInto(logQ, qLogits, sample);
    const divergence = divergenceOf(logP, logQ);
    values[sample] = divergence;
    for (let c = 0; c < classes; c++) {
      const p = Math.exp(logP[c] as number);
      gradientP[sample * classes + c] = p * ((logP[c] as number) - (logQ[c] as number) - divergence);
      gradientQ[sample * classes + c] = Math.exp(logQ[c] as number) - p;
    }
  }
  return { values, gradientP, gradientQ };
}

function divergenceOf(logP: Float64Array, logQ: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < logP.length; c++) {
    sum += Math.exp(logP[c] as number) * ((logP[c] as number) - (logQ[c] as number));
  }
  return sum;
}
