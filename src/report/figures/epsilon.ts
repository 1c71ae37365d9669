/** Accuracy over the attack's radius, a line a network. */
import { areaY, dot, line } from "@observablehq/plot";
import { type Column, type Comparison, ownRows, type Row } from "../comparison.js";
import { groupBy } from "../group-by.js";
import { attackTitle } from "../labels.js";
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
    caption: `${columns.length > MOST_BANDS ? "" : "Bands: 95% intervals. "}Radius 0 is the clean accuracy.`,
    panels: swept.map((family) => panel(family, clean, columns)),
  };
}

function panel(family: readonly Row[], clean: Row | undefined, columns: readonly Column[]): Panel {
  const [first] = family;
  const isLinf = first?.attack.norm !== "l2";
  const unit = isLinf ? 255 : 1;
  const points = [...(clean === undefined ? [] : [clean]), ...family].flatMap((row) =>
    columns.flatMap(({ label }, i) => {
      const cell = row.cells[i] ?? null;
      if (cell === null) return [];
      const { colour, symbol } = keyOf(label, i);
      const { low, high } = cell.interval ?? { low: cell.accuracy, high: cell.accuracy };
      return [
        {
          ...{ label, colour, symbol: symbol ?? "circle", radius: unit * row.attack.epsilon },
          ...{ accuracy: 100 * cell.accuracy, low: 100 * low, high: 100 * high },
        },
      ];
    }),
  );
  const order = { x: "radius", z: "label", sort: "radius" } as const;
  const title = first === undefined ? "" : attackTitle({ ...first.attack, epsilon: 0 });
  return {
    title,
    options: {
      height: 250,
      marginLeft: 46,
      marginRight: 20,
      x: { label: isLinf ? "ε (in 255ths of the pixel range, L∞)" : "ε (L2)", ticks: 8 },
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
