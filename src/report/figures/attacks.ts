/** Which attack leaves least: each network's accuracies, the attacks in the order of their strength. */
import { dot, ruleY } from "@observablehq/plot";
import type { Comparison } from "../comparison.js";
import { type Figure, keyOf } from "./canvas.js";

/** Null where there are not two rows to rank. */
export function attacksFigure({ columns, rows }: Comparison): Figure | null {
  if (rows.length < 2) return null;
  const points = rows.flatMap(({ title, cells }) =>
    cells.flatMap((cell, i) => {
      const { label } = columns[i] ?? { label: "" };
      const { colour, symbol } = keyOf(label, i);
      if (cell === null) return [];
      const { low, high } = cell.interval ?? { low: cell.accuracy, high: cell.accuracy };
      return [
        {
          title,
          label,
          colour,
          symbol: symbol ?? "circle",
          accuracy: 100 * cell.accuracy,
          low: 100 * low,
          high: 100 * high,
        },
      ];
    }),
  );
  const mean = (title: string) => {
    const own = points.filter((point) => point.title === title);
    return own.reduce((sum, { accuracy }) => sum + accuracy, 0) / own.length;
  };
  const order = rows.map(({ title }) => title).sort((a, b) => mean(b) - mean(a));
  const step = columns.length > 6 ? 5 : 9;
  const longest = Math.max(...order.map(({ length }) => length));
  return {
    title: "What each attack leaves",
    description: `Accuracy in percent under each attack, strongest last, for ${columns.map(({ label }) => label).join(", ")}.`,
    keys: columns.map(({ label }, i) => keyOf(label, i)),
    caption: "Lines: 95% intervals; the strongest attack stands last.",
    panels: [
      {
        title: "",
        options: {
          height: 60 + (step * columns.length + 12) * order.length,
          marginLeft: 20 + 6.8 * longest,
          marginRight: 24,
          x: { label: "Accuracy (%)", grid: true, nice: true },
          y: { domain: order, label: null, type: "point" },
          color: { type: "identity" },
          symbol: { type: "identity" },
          marks: columns.flatMap(({ label }, i) => {
            const own = points.filter((point) => point.label === label);
            // A step down for each network, so that intervals of one attack do not hide each other.
            const dy = (i - (columns.length - 1) / 2) * step;
            return [
              ruleY(own, { y: "title", x1: "low", x2: "high", stroke: "colour", strokeWidth: 2, dy }),
              dot(own, { x: "accuracy", y: "title", fill: "colour", symbol: "symbol", r: 4.5, dy }),
            ];
          }),
        },
      },
    ],
  };
}
