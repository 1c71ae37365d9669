/**
 * Difference of logits ratio (Croce & Hein 2020, equations 5 and 6): margins divided by the spread of the largest logits, so
 * that neither scale nor shift of the logits matters.
 */
import { checkLabels, type Labels, type Loss } from "./loss.js";

/** Keeps the quotient of equal logits at 0. */
const SHORTEST_SPREAD = 1e-12;

/**
 * -(f_y - m) / (f_1st - f_3rd + 1e-12) for each sample, m the largest logit besides y's: positive where it is misclassified,
 * exactly 1 without a gradient where y is third. The spread is differentiated too. Logits [batch, classes], at least three
 * classes (RangeError).
 */
export function dlr(logits: Float32Array, labels: Labels, classes: number): Loss {
  return quotients(logits, labels, { classes, atLeast: 3, spread: [1, 0, -1] }, (ranked, label) => {
    return (ranked[0] === label ? ranked[1] : ranked[0]) ?? label;
  });
}

/**
 * -(f_y - f_t) / (f_1st - (f_3rd + f_4th) / 2 + 1e-12) for each sample, t its target. Logits [batch, classes], at least four
 * classes (RangeError).
 */
export function dlrTargeted(logits: Float32Array, labels: Labels, targets: Labels, classes: number): Loss {
  checkLabels(logits, targets, classes);
  const problem = { classes, atLeast: 4, spread: [1, 0, -0.5, -0.5] };
  return quotients(logits, labels, problem, (_ranked, _label, sample) => targets[sample] as number);
}

interface Quotient {
  readonly classes: number;
  readonly atLeast: number;
  /** Weights of the largest logits, in their order, in the denominator. */
  readonly spread: readonly number[];
}

/** (f_r - f_y) / (spread + 1e-12), r the rival that `rivalOf` names; with the quotient rule for its gradient. */
function quotients(
  logits: Float32Array,
  labels: Labels,
  { classes, atLeast, spread }: Quotient,
  rivalOf: (ranked: readonly number[], label: number, sample: number) => number,
): Loss {
  checkLabels(logits, labels, classes);
  if (classes < atLeast) throw new RangeError(`this loss needs ${atLeast} classes, there are ${classes}`);
  const values = new Float32Array(labels.length);
  const gradient = new Float32Array(logits.length);
  for (const [sample, label] of labels.entries()) {
    const row = logits.subarray(sample * classes, (sample + 1) * classes);
    const slopes = new Float64Array(classes);
    const ranked = largest(row, atLeast);
    const rival = rivalOf(ranked, label, sample);
    const at = (c: number) => row[c] as number;
    const denominator = spread.reduce((sum, weight, k) => sum + weight * at(ranked[k] as number), SHORTEST_SPREAD);
    const value = (at(rival) - at(label)) / denominator;
    const add = (c: number, slope: number) => {
      slopes[c] = (slopes[c] as number) + slope;
    };
    add(rival, 1 / denominator);
    add(label, -1 / denominator);
    for (const [k, weight] of spread.entries()) add(ranked[k] as number, (-weight * value) / denominator);
    values[sample] = value;
    gradient.set(slopes, sample * classes);
  }
  return { values, gradient };
}

/** The classes of the `count` largest logits, largest first, the lowest class first among equals. */
function largest(row: Float32Array, count: number): number[] {
  const ranked: number[] = [];
  for (let c = 0; c < row.length; c++) {
    let place = ranked.length;
    while (place > 0 && (row[c] as number) > (row[ranked[place - 1] as number] as number)) place--;
    if (place < count) ranked.splice(place, 0, c);
    ranked.length = Math.min(ranked.length, count);
  }
  return ranked;
}
