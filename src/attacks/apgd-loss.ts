/** The losses that Auto-PGD climbs, what they need, and which class a targeted one aims at. */
import { crossEntropy } from "../losses/cross-entropy.js";
import { dlr, dlrTargeted } from "../losses/dlr.js";
import type { Labels, Loss } from "../losses/loss.js";
import { margin } from "../losses/margin.js";

export type ApgdLoss = "ce" | "dlr" | "dlr-t" | "margin";

/** Fewest classes that a loss is defined for. */
const FEWEST: Readonly<Record<ApgdLoss, number>> = { ce: 2, dlr: 3, "dlr-t": 4, margin: 2 };

/** The loss itself, or the margin where there are too few classes for it. */
export function lossFor(loss: ApgdLoss, classes: number): ApgdLoss {
  return classes < FEWEST[loss] ? "margin" : loss;
}

/** Values and gradient for logits [batch, classes]; only "dlr-t" looks at the targets. */
export function apgdLoss(
  loss: ApgdLoss,
  logits: Float32Array,
  { labels, targets, classes }: { readonly labels: Labels; readonly targets: Labels; readonly classes: number },
): Loss {
  if (loss === "dlr-t") return dlrTargeted(logits, labels, targets, classes);
  return { ce: crossEntropy, dlr, margin }[loss](logits, labels, classes);
}

/** For each row of logits [batch, classes] the class with the largest but `rankOf(row)` - 1, the lowest first among equals. */
export function classesOfRank(logits: Float32Array, classes: number, rankOf: (row: number) => number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, sample) => {
    const row = logits.subarray(sample * classes, (sample + 1) * classes);
    const ranked = [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
    return ranked[rankOf(sample) - 1] ?? 0;
  });
}
