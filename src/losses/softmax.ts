/** Softmax and its logarithm in double precision, shifted by the maximum so that no exponential overflows. */

/** Fills `out` [classes] with the log-softmax of sample `sample` of logits [batch, classes]. */
export function logSoftmaxInto(out: Float64Array, logits: Float32Array, sample: number): void {
  const classes = out.length;
  const from = sample * classes;
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) most = Math.max(most, logits[from + c] as number);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp((logits[from + c] as number) - most);
  const logSum = Math.log(sum);
  for (let c = 0; c < classes; c++) out[c] = (logits[from + c] as number) - most - logSum;
}
