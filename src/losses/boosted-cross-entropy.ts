/** The boosted cross-entropy of MART (Wang et al. 2020): the cross-entropy with the label, and a margin to the next class. */
import { checkLabels, type Labels, type Loss } from "./loss.js";
import { logSoftmaxInto } from "./softmax.js";

/** Keep the margin's logarithm finite where the other class has all the probability; as in the published code. */
const MARGIN_LIMIT = 1.0001;
const MARGIN_FLOOR = 1e-12;

/**
 * -log q_y - log(1.0001 - q_other + 1e-12) for each sample, q the softmax of logits [batch, classes] and `other` the most
 * probable class beside the label (the lowest index among equals), which counts as constant. The gradient of the sum is
 * q - onehot(y) + q_other (onehot(other) - q) / (1.0001 - q_other + 1e-12). In double, rounded once. Throws RangeError on
 * labels that do not fit.
 */
export function boostedCrossEntropy(logits: Float32Array, labels: Labels, classes: number): Loss {
  checkLabels(logits, labels, classes);
  const values = new Float32Array(labels.length);
  const gradient = new Float32Array(logits.length);
  const logQ = new Float64Array(classes);
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample] as number;
    logSoftmaxInto(logQ, logits, sample);
    const other = strongestBeside(label, logQ);
    const rival = Math.exp(logQ[other] as number);
    const margin = MARGIN_LIMIT - rival + MARGIN_FLOOR;
    values[sample] = -(logQ[label] as number) - Math.log(margin);
    for (let c = 0; c < classes; c++) {
      const q = Math.exp(logQ[c] as number);
      const crossEntropy = q - (c === label ? 1 : 0);
      gradient[sample * classes + c] = crossEntropy + (rival * ((c === other ? 1 : 0) - q)) / margin;
    }
  }
  return { values, gradient };
}

function strongestBeside(label: number, logQ: Float64Array): number {
  let winner = label === 0 ? 1 : 0;
  for (let c = winner + 1; c < logQ.length; c++) {
    if (c !== label && (logQ[c] as number) > (logQ[winner] as number)) winner = c;
  }
  return winner;
}
