/** Where the connections are: the density of each layer over time, a panel a run. */
import { cell, text } from "@observablehq/plot";
import type { History } from "../results.js";
import type { Figure, Panel } from "./canvas.js";
import { epochTicks, historyLabels } from "./curves.js";

/** More columns than this are thinned out: a page column has no room for them. */
const MOST_EPOCHS = 60;

/** Null where no run tells of layers that are sparse. */
export function layersFigure(histories: readonly History[]): Figure | null {
  const told = historyLabels(histories);
  const isSparse = ({ epochs }: History) =>
    epochs.some(({ layers }) => layers.some(({ size, connections }) => connections < size));
  const runs = histories.filter(isSparse);
  const labels = told.filter((_, i) => histories[i] !== undefined && isSparse(histories[i]));
  if (runs.length === 0) return null;
  const all = runs.flatMap(({ epochs }) => epochs.flatMap(({ layers }) => layers.map(densityOf))).filter((d) => d > 0);
  const domain = [Math.min(...all), 100] as const;
  return {
    title: "Density of each layer over time",
    description: `Share of weights kept in each layer, epoch by epoch, for ${labels.join(", ")}.`,
    keys: [],
    caption: `Weights kept, from ${percent(domain[0])} (dark) to 100% (light), on a logarithmic scale; beside each row the last value.`,
    panels: runs.map((run, i) => ({ title: labels[i] ?? "", options: heatMap(run, domain) })),
  };
}

function densityOf({ size, connections }: { readonly size: number; readonly connections: number }): number {
  return size === 0 ? 0 : (100 * connections) / size;
}

function percent(density: number): string {
  return `${Number(density.toPrecision(2))}%`;
}

function heatMap({ epochs }: History, domain: readonly [number, number]): Panel["options"] {
  const every = Math.ceil(epochs.length / MOST_EPOCHS);
  const shown = epochs
    .map((epoch, index) => ({ ...epoch, at: index + 1 }))
    .filter((_, i) => i % every === 0 || i === epochs.length - 1);
  const points = shown.flatMap(({ layers, at }) =>
    layers.map((layer) => ({ layer: layer.name, at, density: densityOf(layer) })),
  );
  const names = [...new Set(points.map(({ layer }) => layer))];
  const last = points.filter(({ at }) => at === shown.at(-1)?.at);
  const longest = Math.max(...names.map(({ length }) => length));
  const ticks = epochTicks(epochs.length).filter((tick) => shown.some(({ at }) => at === tick));
  return {
    height: 60 + 16 * names.length,
    marginLeft: 20 + 7 * longest,
    marginRight: 60,
    x: { label: "Epoch", ticks, padding: 0 },
    y: { domain: names, label: null },
    // Dark to light in even steps of brightness, the same for every kind of colour vision.
    color: { type: "log", scheme: "cividis", domain: [...domain] },
    marks: [
      cell(points, { x: "at", y: "layer", fill: "density", inset: 0.5 }),
      text(last, {
        y: "layer",
        frameAnchor: "right",
        text: ({ density }: { density: number }) => percent(density),
        textAnchor: "start",
        dx: 8,
      }),
    ],
  };
}
