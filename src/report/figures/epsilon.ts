/** Accuracy over the attack's radius, a line a network. */
import { areaY, dot, line } from "@observablehq/plot";
import { type Column, type Comparison, ownRows, type Row } from "../comparison.js";
import { groupBy } from "../group-by.js";
import { attackTitle } from "../labels.js";
import { type AccuracyPoint, accuracyPoint, boundsText } from "./accuracy-point.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

/** More bands than this hide each other. */
const MOST_BANDS = 4;

/** Null where no attack was run at two radii. */
export function epsilonFigure(comparison: Comparison): Figure | null {
  const columns = comparison.columns.filter(({ published }) => published === null);
  const rows = ownRows(comparison.rows);
  const attacked = rows.filter(({ attack }) => attack.epsilon > 0);
  const families = groupBy(attacked, ({ attack }) => `${attack.name} ${attack.norm}`);
  const swept = [...families.values()].filter((family) => new Set(family.map(({ attack }) => attack.epsilon)).size > 1);
  if (swept.length === 0) return null;
  const clean = rows.find(({ attack }) => attack.name === "clean");
  return {
    title: "Accuracy over the attack's radius",
    description: `Accuracy in percent over the radius ε, a line for each of ${columns.map(({ label }) => label).join(", ")}.`,
    keys: columns.map(({ label }, i) => keyOf(label, i)),
    caption: `${columns.length > MOST_BANDS ? "" : `Bands: ${boundsText(columns)}. `}Radius 0 is the clean accuracy.`,
    panels: swept.map((family) => panel(clean === undefined ? family : [clean, ...family], columns)),
  };
}

interface Point extends AccuracyPoint {
  readonly label: string;
  /** In 255ths for L∞. */
  readonly radius: number;
}

function pointsOf(rows: readonly Row[], columns: readonly Column[], unit: number): readonly Point[] {
  return rows.flatMap(({ attack, cells }) =>
    columns.flatMap(({ label }, i) => {
      const cell = cells[i] ?? null;
      return cell === null ? [] : [{ label, radius: unit * attack.epsilon, ...accuracyPoint(cell, keyOf(label, i)) }];
    }),
  );
}

/** Of one attack, and of the clean images. */
function panel(rows: readonly Row[], columns: readonly Column[]): Panel {
  const last = rows.at(-1);
  const norm = last?.attack.norm ?? "linf";
  const isLinf = norm === "linf";
  const points = pointsOf(rows, columns, isLinf ? 255 : 1);
  const order = { x: "radius", z: "label", sort: "radius" } as const;
  const title = last === undefined ? "" : attackTitle({ ...last.attack, epsilon: 0 });
  return {
    title,
    options: {
      height: 250,
      marginLeft: 46,
      marginRight: 20,
      x: { label: isLinf ? "ε (in 255ths of the pixel range, L∞)" : `ε (${norm.toUpperCase()})`, ticks: 8 },
      y: { label: "Accuracy (%)", grid: true, zero: true },
      color: { type: "identity" },
      symbol: { type: "identity" },
      marks: [
        areaY(columns.length > MOST_BANDS ? [] : points, {
          ...order,
          y1: "low",
          y2: "high",
          fill: "colour",
          fillOpacity: 0.18,
        }),
        line(points, { ...order, y: "accuracy", stroke: "colour", strokeWidth: 2 }),
        dot(points, { x: "radius", y: "accuracy", fill: "colour", symbol: "symbol", r: 4 }),
      ],
    },
  };
}
