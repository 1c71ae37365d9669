/** Which attack leaves least: each network's accuracies, the attacks in the order of their strength. */
import { dot, ruleY } from "@observablehq/plot";
import type { Column, Comparison, Row } from "../comparison.js";
import { type AccuracyPoint, accuracyPoint, boundsText } from "./accuracy-point.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

interface Point extends AccuracyPoint {
  /** Of the attack. */
  readonly title: string;
  /** Of the network. */
  readonly label: string;
}

/** Null where there are not two rows to rank. */
export function attacksFigure({ columns, rows }: Comparison): Figure | null {
  if (rows.length < 2) return null;
  const labels = columns.map(({ label }) => label);
  return {
    title: "What each attack leaves",
    description: `Accuracy in percent under each attack, strongest last, for ${labels.join(", ")}.`,
    keys: labels.map(keyOf),
    caption: `Lines: ${boundsText(columns)}; the strongest attack stands last.`,
    panels: [panel(labels, pointsOf(rows, columns))],
  };
}

function pointsOf(rows: readonly Row[], columns: readonly Column[]): readonly Point[] {
  return rows.flatMap(({ title, cells }) =>
    columns.flatMap(({ label }, i) => {
      const cell = cells[i] ?? null;
      return cell === null ? [] : [{ title, label, ...accuracyPoint(cell, keyOf(label, i)) }];
    }),
  );
}

function panel(labels: readonly string[], points: readonly Point[]): Panel {
  const order = byStrength(points);
  const step = labels.length > 6 ? 5 : 9;
  const longest = Math.max(...order.map(({ length }) => length));
  return {
    title: "",
    options: {
      height: 60 + (step * labels.length + 12) * order.length,
      marginLeft: 20 + 6.8 * longest,
      marginRight: 24,
      x: { label: "Accuracy (%)", grid: true, nice: true },
      y: { domain: [...order], label: null, type: "point" },
      color: { type: "identity" },
      symbol: { type: "identity" },
      marks: labels.flatMap((label, i) => {
        const own = points.filter((point) => point.label === label);
        // A step down for each network, so that intervals of one attack do not hide each other.
        const dy = (i - (labels.length - 1) / 2) * step;
        return [
          ruleY(own, { y: "title", x1: "low", x2: "high", stroke: "colour", strokeWidth: 2, dy }),
          dot(own, { x: "accuracy", y: "title", fill: "colour", symbol: "symbol", r: 4.5, dy }),
        ];
      }),
    },
  };
}

/** Titles of the attacks by what they leave on the average of the networks, most first. */
function byStrength(points: readonly Point[]): readonly string[] {
  const mean = (title: string) => {
    const own = points.filter((point) => point.title === title);
    return own.reduce((sum, { accuracy }) => sum + accuracy, 0) / own.length;
  };
  return [...new Set(points.map(({ title }) => title))].sort((a, b) => mean(b) - mean(a));
}
