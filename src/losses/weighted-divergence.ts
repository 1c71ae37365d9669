/** MART's divergence (Wang et al. 2020): it counts most where the clean image is classified with little confidence. */
import { type Divergence, klDivergence } from "./kl-divergence.js";
import { checkLabels, type Labels } from "./loss.js";
import { logSoftmaxInto } from "./softmax.js";

/** A little above 1, so that no weight is ever 0; as in the published code. */
const WEIGHT_LIMIT = 1.0000001;

/**
 * v KL(P||Q), v = 1.0000001 - p_y, for each sample; P and Q are the softmaxes of logits [batch, classes]. Nothing is constant:
 * with respect to the logits of P the gradient is v P ((log P - log Q) - KL) - KL p_y (onehot(y) - P), of Q it is v (Q - P).
 * Throws RangeError where shapes or labels do not fit.
 */
export function weightedDivergence(
  pLogits: Float32Array,
  qLogits: Float32Array,
  { labels, classes }: { readonly labels: Labels; readonly classes: number },
): Divergence {
  checkLabels(pLogits, labels, classes);
  const { values, gradientP, gradientQ } = klDivergence(pLogits, qLogits, classes);
  const logP = new Float64Array(classes);
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample] as number;
    const divergence = values[sample] as number;
    logSoftmaxInto(logP, pLogits, sample);
    const confidence = Math.exp(logP[label] as number);
    const weight = WEIGHT_LIMIT - confidence;
    values[sample] = weight * divergence;
    for (let c = 0, at = sample * classes; c < classes; c++, at++) {
      const slope = confidence * ((c === label ? 1 : 0) - Math.exp(logP[c] as number));
      gradientP[at] = weight * (gradientP[at] as number) - divergence * slope;
      gradientQ[at] = weight * (gradientQ[at] as number);
    }
  }
  return { values, gradientP, gradientQ };
}
