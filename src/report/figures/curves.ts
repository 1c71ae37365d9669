/** Training curves: accuracies on the selection set, and the loss, epoch by epoch. */
import { line } from "@observablehq/plot";
import type { Comparison } from "../comparison.js";
import { toldApart } from "../labels.js";
import type { History } from "../results.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

interface Told {
  readonly histories: readonly History[];
  readonly comparison: Comparison;
}

interface Point {
  readonly run: string;
  readonly colour: string;
  readonly epoch: number;
  readonly value: number | null;
}

/** Null where no run has two epochs. A run has the colour that its network has in the other figures. */
export function curvesFigure({ histories, comparison }: Told): Figure | null {
  const runs = histories.filter(({ epochs }) => epochs.length > 1);
  if (runs.length === 0) return null;
  const labels = historyLabels(runs);
  const places = placesOf(runs, comparison);
  const keys = labels.map((label, i) => ({ ...keyOf(label, places[i] ?? i), symbol: null }));
  const points = (value: (epoch: History["epochs"][number]) => number | null | undefined) =>
    runs.flatMap(({ epochs }, i): readonly Point[] =>
      epochs.map((epoch, index) => ({
        run: labels[i] ?? "",
        colour: keys[i]?.colour ?? "",
        // Pruning counts the epochs of each phase from 1; the curve goes on.
        epoch: index + 1,
        value: value(epoch) ?? null,
      })),
    );
  const percent = (share: number | null | undefined) => (share === null || share === undefined ? null : 100 * share);
  const clean = points(({ cleanAccuracy }) => percent(cleanAccuracy));
  const robust = points(({ robustAccuracy }) => percent(robustAccuracy));
  const loss = points((epoch) => (Number.isFinite(epoch.loss) ? epoch.loss : null));
  return {
    title: "Training curves",
    description: `Accuracy on the selection set and training loss over the epochs of ${labels.join(", ")}.`,
    keys,
    caption: "Solid: robust accuracy; dashed: clean accuracy; both on the selection set.",
    panels: [accuracyPanel(clean, robust), lossPanel(loss)].filter((panel) => panel !== null),
  };
}

/** Of each run its network's place among the columns; runs without a network there come behind them. */
function placesOf(runs: readonly History[], { columns }: Comparison): readonly number[] {
  const found = runs.map(({ run }) => columns.findIndex(({ networks }) => networks.some((one) => one.runs.has(run))));
  let next = columns.length;
  return found.map((place) => (place < 0 ? next++ : place));
}

/** The method of a run, and of its options as much as tells the runs apart. */
export function historyLabels(histories: readonly History[]): readonly string[] {
  const configs = histories.map(({ start }) => start?.config ?? {});
  const told = (key: string, name = "") =>
    configs.map(({ [key]: value }) =>
      typeof value === "string" || typeof value === "number"
        ? [name, value].filter((part) => part !== "").join(" ")
        : "",
    );
  const names = histories.map(({ run }, i) => String(configs[i]?.method ?? configs[i]?.mode ?? run));
  const runs = histories.map(({ run }) => `(${run})`);
  const details = [
    told("objective"),
    told("model"),
    told("density", "density"),
    told("connections", "of"),
    told("seed", "seed"),
  ];
  return toldApart(names, [...details, runs]);
}

/** Whole epochs, at most about ten of them. */
export function epochTicks(epochs: number): readonly number[] {
  const step = [1, 2, 5, 10, 20, 25, 50, 100].find((size) => epochs / size <= 10) ?? Math.ceil(epochs / 10);
  const ticks = Array.from({ length: Math.floor(epochs / step) }, (_, i) => step * (i + 1));
  return step === 1 ? ticks : [1, ...ticks];
}

const order = { x: "epoch", y: "value", z: "run", stroke: "colour" } as const;
const layout = { marginLeft: 46, marginRight: 20, color: { type: "identity" } } as const;

function epochAxis(points: readonly Point[]) {
  return { label: "Epoch", ticks: [...epochTicks(Math.max(...points.map(({ epoch }) => epoch)))], tickFormat: "d" };
}

function accuracyPanel(clean: readonly Point[], robust: readonly Point[]): Panel | null {
  if ([...clean, ...robust].every(({ value }) => value === null)) return null;
  return {
    title: "Accuracy",
    options: {
      ...layout,
      height: 240,
      x: epochAxis(robust),
      y: { label: "Accuracy (%)", grid: true },
      marks: [
        line([...clean], { ...order, strokeWidth: 1.5, strokeDasharray: "5,4" }),
        line([...robust], { ...order, strokeWidth: 2 }),
      ],
    },
  };
}

function lossPanel(loss: readonly Point[]): Panel {
  return {
    title: "Training loss",
    options: {
      ...layout,
      height: 190,
      x: epochAxis(loss),
      y: { label: "Loss", grid: true },
      marks: [line([...loss], { ...order, strokeWidth: 2 })],
    },
  };
}
