/** What every loss takes and gives: plain arithmetic on the logits [batch, classes] of a batch. */

/** Class indices, one a sample. */
export type Labels = Int32Array | Uint8Array;

export interface Loss {
  /** One value a sample, [batch]. */
  readonly values: Float32Array;
  /** Of the sum of the values with respect to the logits, [batch, classes]. */
  readonly gradient: Float32Array;
}

/** Any loss of logits [batch, classes] and a label for each sample. */
export type LossFunction = (logits: Float32Array, labels: Labels, classes: number) => Loss;

/** Throws RangeError unless there is one label in [0, classes) for each row of logits [batch, classes]. */
export function checkLabels(logits: Float32Array, labels: Labels, classes: number): void {
  if (logits.length !== labels.length * classes) {
    throw new RangeError(`${logits.length} logits are not ${labels.length} samples of ${classes} classes`);
  }
  for (const label of labels) {
    if (label < 0 || label >= classes) throw new RangeError(`label ${label} is not one of ${classes} classes`);
  }
}
