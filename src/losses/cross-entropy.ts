/** Cross-entropy of the softmax of the logits with a label. */
import { checkLabels, type Labels, type Loss } from "./loss.js";
import { logSoftmaxInto } from "./softmax.js";

/**
 * -log softmax(f)_y for each sample; the gradient of the sum is softmax(f) - onehot(y). Logits [batch, classes].
 *
 * Arithmetic in double; the softmax is rounded to float32 before 1 is subtracted, as float32 code has it: the label's entry
 * is exactly 0 from a margin of about 17 nats, the others from about 104. Attacks on a confident network see zero gradients
 * there, and published results do too. Throws RangeError on labels that do not fit.
 */
export function crossEntropy(logits: Float32Array, labels: Labels, classes: number): Loss {
  checkLabels(logits, labels, classes);
  const values = new Float32Array(labels.length);
  const gradient = new Float32Array(logits.length);
  const logSoftmax = new Float64Array(classes);
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample] as number;
    const from = sample * classes;
    logSoftmaxInto(logSoftmax, logits, sample);
    for (let c = 0; c < classes; c++) gradient[from + c] = Math.exp(logSoftmax[c] as number);
    gradient[from + label] = (gradient[from + label] as number) - 1;
    values[sample] = -(logSoftmax[label] as number);
  }
  return { values, gradient };
}
