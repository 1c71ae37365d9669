/** Margins between the logit of a label and the largest other one (Carlini & Wagner 2017). */
import { checkLabels, type Labels, type Loss, type LossFunction } from "./loss.js";

/** max over j ≠ y of f_j, minus f_y, for each sample: positive where it is misclassified. Logits [batch, classes]. */
export function margin(logits: Float32Array, labels: Labels, classes: number): Loss {
  checkLabels(logits, labels, classes);
  const values = new Float32Array(labels.length);
  const gradient = new Float32Array(logits.length);
  for (const [sample, label] of labels.entries()) {
    const from = sample * classes;
    const other = from + largestOther(logits, from, { label, classes });
    values[sample] = (logits[other] as number) - (logits[from + label] as number);
    gradient[other] = 1;
    gradient[from + label] = -1;
  }
  return { values, gradient };
}

/**
 * -max(0, f_y - max over j ≠ y of f_j + kappa), Carlini and Wagner's f_6 turned to be ascended: constant 0 where a sample is
 * misclassified by `kappa` or more. The plain margin where `kappa` is infinite.
 */
export function cwLoss(kappa: number): LossFunction {
  if (kappa === Number.POSITIVE_INFINITY) return margin;
  return (logits, labels, classes) => {
    const { values, gradient } = margin(logits, labels, classes);
    for (const [sample, value] of values.entries()) {
      values[sample] = Math.min(0, value - kappa);
      if (value >= kappa) gradient.fill(0, sample * classes, (sample + 1) * classes);
    }
    return { values, gradient };
  };
}

/** The class with the largest logit besides the label's, the lowest among equals. */
function largestOther(
  logits: Float32Array,
  from: number,
  { label, classes }: { readonly label: number; readonly classes: number },
): number {
  let winner = label === 0 ? 1 : 0;
  for (let c = winner + 1; c < classes; c++) {
    if (c !== label && (logits[from + c] as number) > (logits[from + winner] as number)) winner = c;
  }
  return winner;
}
