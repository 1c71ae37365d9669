/** Accuracy over density by method, clean and robust: the poster's second figure. */
import { dot, line, ruleX } from "@observablehq/plot";
import { type Cell, type Column, type Comparison, type Row, strongestRow } from "../comparison.js";
import { attackTitle, significant } from "../labels.js";
import { type AccuracyPoint, accuracyPoint, boundsText } from "./accuracy-point.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

interface Point extends AccuracyPoint {
  readonly line: string;
  readonly density: number;
  readonly isPublished: boolean;
}

/** Null where no two densities are there to draw a line over. */
export function densityFigure(comparison: Comparison): Figure | null {
  const methodOf = methodsOf(comparison.columns);
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
    caption: `Bars: ${boundsText(comparison.columns)}.${others}`,
    panels: distinct.map((row) =>
      panel(row, {
        ...{ comparison, methods, methodOf },
        densities: [...densities].sort((a, b) => a - b),
      }),
    ),
  };
}

interface Told {
  readonly comparison: Comparison;
  readonly methods: readonly string[];
  readonly methodOf: (column: Column) => string;
  /** In percent, ascending. */
  readonly densities: readonly number[];
}

function panel(row: Row, told: Told): Panel {
  const { comparison, densities } = told;
  const points = comparison.columns.flatMap((column, i) => pointOf(column, row.cells[i] ?? null, told));
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
        inset: 12,
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

function pointOf(column: Column, cell: Cell | null, { methods, methodOf }: Told): readonly Point[] {
  const density = densityOf(column);
  if (cell === null || density === null) return [];
  const method = methodOf(column);
  const place = methods.indexOf(method);
  // A step aside for each method, so that intervals at one density do not hide each other.
  const aside = 1.012 ** (place - (methods.length - 1) / 2);
  return [
    {
      ...accuracyPoint(cell, keyOf(method, place)),
      // Published numbers of several sources are several lines.
      line: `${method} ${column.published?.source ?? ""}`,
      density: density * aside,
      isPublished: column.published !== null,
    },
  ];
}

function densityOf({ networks, published }: Column): number | null {
  const density = published?.records[0]?.density ?? networks[0]?.checkpoint.density;
  return density === undefined ? null : Number((100 * density).toPrecision(3));
}

/** Ours and others' networks of one method have one colour; with its objective, where there are several. */
function methodsOf(columns: readonly Column[]): (column: Column) => string {
  const described = ({ networks, published }: Column) => published?.records[0] ?? networks[0]?.checkpoint;
  const isMixed = new Set(columns.map((column) => described(column)?.objective ?? "")).size > 1;
  return (column) => {
    const { method, objective } = described(column) ?? { method: column.label };
    return [method ?? column.label, isMixed ? objective : ""].filter(Boolean).join(" ");
  };
}
