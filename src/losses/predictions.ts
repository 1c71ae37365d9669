/** The class that logits say, and whether they can be believed. */

/** Index of each row's largest logit, the lowest among equals; logits [batch, classes]. */
export function predictions(logits: Float32Array, classes: number): Int32Array {
  const best = new Int32Array(logits.length / classes);
  for (let sample = 0; sample < best.length; sample++) {
    const from = sample * classes;
    let winner = 0;
    for (let c = 1; c < classes; c++) {
      if ((logits[from + c] as number) > (logits[from + winner] as number)) winner = c;
    }
    best[sample] = winner;
  }
  return best;
}

/** For each row of logits [batch, classes] 1 if all its values are finite: only such a row may decide anything. */
export function finiteRows(logits: Float32Array, classes: number): Uint8Array {
  const finite = new Uint8Array(logits.length / classes).fill(1);
  for (let i = 0; i < logits.length; i++) {
    if (!Number.isFinite(logits[i])) finite[Math.floor(i / classes)] = 0;
  }
  return finite;
}
