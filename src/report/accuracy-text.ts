/** An accuracy and a difference as people read them, with what they are worth. */
import type { Cell } from "./comparison.js";
import type { Difference } from "./difference.js";
import { noCell, type TableCell } from "./table.js";

/** p-values below this are called a difference, others noise. */
export const SIGNIFICANCE = 0.05;

/** `digits`: decimals of percentages; null for one, and two from 10,000 samples. */
export function accuracyCell(cell: Cell | null, digits: number | null): TableCell {
  if (cell === null) return { text: "–", value: null };
  return { text: accuracyText(cell, digits), value: cell.accuracy };
}

/** In points. */
export function differenceCell(cell: Cell | null, digits: number | null): TableCell {
  const difference = cell?.difference ?? null;
  if (difference === null) return noCell;
  return { text: differenceText(difference, digits), value: difference.value };
}

/** `51.2% [50.2, 52.2], 5120/10000`; over seeds `51.2% ± 0.3, 3 seeds of 10000`; published `51.2%`. */
function accuracyText({ accuracy, interval, spread, results }: Cell, digits: number | null): string {
  const samples = Math.max(0, ...results.map((result) => result.samples));
  const percent = (share: number) => percentText(share, samples, digits);
  const [only] = results;
  if (spread !== null) {
    return `${percent(accuracy)}% ± ${percent(spread.deviation)}, ${spread.count} seeds of ${samples}`;
  }
  if (interval === null || only === undefined) return `${publishedText(accuracy, digits)}%`;
  return `${percent(accuracy)}% [${percent(interval.low)}, ${percent(interval.high)}], ${only.correct}/${samples}`;
}

/** As many decimals as the publication has, but for those that 0.1 × 3 would add. */
function publishedText(share: number, digits: number | null): string {
  return digits === null ? String(Number((100 * share).toFixed(2))) : (100 * share).toFixed(digits);
}

/** `+1.2 [+0.1, +2.3] (p = 0.043)`, `-0.3 [-1.5, +0.9] (p = 0.81: noise)`, over seeds `+1.2 ± 0.4 [+0.2, +2.2] (p = 0.03)`. */
function differenceText(difference: Difference, digits: number | null): string {
  const { value, samples, interval, corrected, deviation } = difference;
  const points = (share: number) => signed(share, percentText(Math.abs(share), samples, digits));
  const spread = deviation === null ? "" : ` ± ${percentText(deviation, samples, digits)}`;
  const bounds = interval === null ? "" : ` [${points(interval.low)}, ${points(interval.high)}]`;
  return `${points(value)}${spread}${bounds}${corrected === null ? "" : ` (${probability(corrected)})`}`;
}

function signed(share: number, points: string): string {
  const sign = Number(points) === 0 ? "±" : share > 0 ? "+" : "-";
  return `${sign}${points}`;
}

function probability(p: number): string {
  const text = p < 0.001 ? "p < 0.001" : `p = ${Number(p.toPrecision(2))}`;
  return `${text}${p < SIGNIFICANCE ? "" : ": noise"}`;
}

function percentText(share: number, samples: number, digits: number | null): string {
  return (100 * share).toFixed(digits ?? (samples >= 10_000 ? 2 : 1));
}
