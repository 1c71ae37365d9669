/** By how much a sample's own class leads. */
import type { Labels } from "../losses/loss.js";

export interface Margins {
  /** f_y - max of the others, in double: positive where the label is right; not a number where any logit is not finite. */
  readonly values: Float64Array;
  /** The class of that maximum, the lowest index among equals. */
  readonly rivals: Int32Array;
  /** 1 where the prediction is another class than the label: the lowest index wins among equals; never where a logit is not finite. */
  readonly wrong: Uint8Array;
}

/** Margins of logits [rows, classes], where `samples` names the label of each row; all labels in order if left out. */
export function marginsOf(logits: Float32Array, labels: Labels, samples?: readonly number[]): Margins {
  const count = samples?.length ?? labels.length;
  const classes = logits.length / count;
  const values = new Float64Array(count);
  const rivals = new Int32Array(count);
  const wrong = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const label = labels[samples?.[row] ?? row] as number;
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const rival = largestBeside(scores, label);
    const canDecide = scores.every(Number.isFinite);
    const margin = canDecide ? (scores[label] as number) - (scores[rival] as number) : Number.NaN;
    values[row] = margin;
    rivals[row] = rival;
    wrong[row] = margin < 0 || (margin === 0 && rival < label) ? 1 : 0;
  }
  return { values, rivals, wrong };
}

function largestBeside(scores: Float32Array, label: number): number {
  let largest = label === 0 ? 1 : 0;
  for (let c = largest + 1; c < scores.length; c++) {
    if (c !== label && (scores[c] as number) > (scores[largest] as number)) largest = c;
  }
  return largest;
}
