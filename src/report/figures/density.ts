/** Accuracy over density by method, clean and robust: the poster's second figure. */
import { dot, line, ruleX } from "@observablehq/plot";
import { type Column, type Comparison, type Row, strongestRow } from "../comparison.js";
import { attackTitle, significant } from "../labels.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

interface Point {
  readonly line: string;
  readonly colour: string;
  readonly symbol: string;
  readonly density: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly isPublished: boolean;
}

/** Null where no two densities are there to draw a line over. */
export function densityFigure(comparison: Comparison): Figure | null {
  const methods = [...new Set(comparison.columns.map(methodOf))];
  const densities = new Set(comparison.columns.flatMap((column) => densityOf(column) ?? []));
  if (densities.size < 2) return null;
  const rows = [comparison.rows.find(({ attack }) => attack.name === "clean"), strongestRow(comparison)];
  const distinct = [...new Set(rows)].filter((row) => row !== undefined);
  const sources = new Set(comparison.columns.flatMap(({ published }) => published?.source ?? []));
  const others = sources.size === 0 ? "" : ` Hollow and dashed: published (${[...sources].join(", ")}).`;
  return {
    title: "Accuracy over density",
    description: `Clean and robust accuracy in percent over the share of weights kept, a line for each of ${methods.join(", ")}.`,
    keys: methods.map(keyOf),
    caption: `Bars: 95% intervals.${others}`,
    panels: distinct.map((row) =>
      panel(
        row,
        comparison,
        methods,
        [...densities].sort((a, b) => a - b),
      ),
    ),
  };
}

function panel(row: Row, { columns }: Comparison, methods: readonly string[], densities: readonly number[]): Panel {
  const points = columns.flatMap((column, i) => pointOf(column, row, i, methods));
  const [ours, theirs] = [points.filter((p) => !p.isPublished), points.filter((p) => p.isPublished)];
  const place = { x: "density", y: "accuracy" } as const;
  const order = { sort: "density", z: "line" } as const;
  return {
    title: attackTitle(row.attack),
    options: {
      height: 230,
      marginLeft: 46,
      marginRight: 20,
      x: {
        type: "log",
        label: "Density (weights kept, %)",
        ticks: [...densities],
        tickFormat: (d: number) => significant(d),
      },
      y: { label: "Accuracy (%)", grid: true, nice: true },
      marks: [
        line(ours, { ...place, ...order, stroke: "colour", strokeWidth: 2 }),
        line(theirs, { ...place, ...order, stroke: "colour", strokeWidth: 1.5, strokeDasharray: "4,3" }),
        ruleX(ours, { x: "density", y1: "low", y2: "high", stroke: "colour", strokeWidth: 1.5 }),
        dot(ours, { ...place, fill: "colour", symbol: "symbol", r: 4.5 }),
        dot(theirs, { ...place, stroke: "colour", strokeWidth: 1.5, symbol: "symbol", r: 4.5 }),
      ],
      color: { type: "identity" },
      symbol: { type: "identity" },
    },
  };
}

function pointOf(column: Column, row: Row, index: number, methods: readonly string[]): readonly Point[] {
  const cell = row.cells[index] ?? null;
  const density = densityOf(column);
  if (cell === null || density === null) return [];
  const { accuracy, interval, spread } = cell;
  const method = methodOf(column);
  const { colour, symbol } = keyOf(method, methods.indexOf(method));
  // A step aside for each method, so that intervals at one density do not hide each other.
  const aside = 1.012 ** (methods.indexOf(method) - (methods.length - 1) / 2);
  const around = spread === null ? 0 : spread.deviation;
  const bounds = interval ?? { low: accuracy - around, high: accuracy + around };
  return [
    {
      ...{ line: lineOf(column), colour, symbol: symbol ?? "circle", accuracy: 100 * accuracy },
      density: density * aside,
      ...{ low: 100 * bounds.low, high: 100 * bounds.high, isPublished: column.published !== null },
    },
  ];
}

function densityOf({ networks, published }: Column): number | null {
  const density = published?.records[0]?.density ?? networks[0]?.checkpoint.density;
  return density === undefined ? null : Number((100 * density).toPrecision(3));
}

/** Ours and others' networks of one method have one colour. */
function methodOf({ label, networks, published }: Column): string {
  const { method, objective } = published?.records[0] ?? networks[0]?.checkpoint ?? {};
  return method === undefined ? label : [method, objective].filter(Boolean).join(" ");
}

/** A line's own: published numbers of several sources are several lines. */
function lineOf(column: Column): string {
  return `${methodOf(column)} ${column.published?.source ?? ""}`;
}
