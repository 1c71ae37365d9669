/** Training curves: accuracies on the selection set, and the loss, epoch by epoch. */
import { line } from "@observablehq/plot";
import type { History } from "../results.js";
import { type Figure, keyOf, type Panel } from "./canvas.js";

interface Point {
  readonly run: string;
  readonly colour: string;
  readonly epoch: number;
  readonly value: number | null;
}

/** Null where no run has two epochs. */
export function curvesFigure(histories: readonly History[]): Figure | null {
  const runs = histories.filter(({ epochs }) => epochs.length > 1);
  if (runs.length === 0) return null;
  const labels = historyLabels(runs);
  const keys = labels.map((label, i) => ({ ...keyOf(label, i), symbol: null }));
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

/** The method and objective of a run, and its id where these are not enough. */
export function historyLabels(histories: readonly History[]): readonly string[] {
  const names = histories.map(({ run, start }) => {
    const { method, mode, objective } = start?.config ?? {};
    const parts = [method ?? mode, objective].filter((part) => typeof part === "string");
    return parts.length === 0 ? run : parts.join(" ");
  });
  return names.map((name, i) =>
    names.filter((other) => other === name).length > 1 ? `${name} (${histories[i]?.run ?? i})` : name,
  );
}

const order = { x: "epoch", y: "value", z: "run", stroke: "colour" } as const;
const layout = { marginLeft: 46, marginRight: 20, color: { type: "identity" } } as const;

function accuracyPanel(clean: readonly Point[], robust: readonly Point[]): Panel | null {
  if ([...clean, ...robust].every(({ value }) => value === null)) return null;
  return {
    title: "Accuracy",
    options: {
      ...layout,
      height: 240,
      x: { label: "Epoch", tickFormat: "d" },
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
      x: { label: "Epoch", tickFormat: "d" },
      y: { label: "Loss", grid: true },
      marks: [line([...loss], { ...order, strokeWidth: 2 })],
    },
  };
}
