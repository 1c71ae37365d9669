/** Which layers are how near to the machine's peak: of a step of PGD, by layer and density, as a table and a figure. */
import { writeFileSync } from "node:fs";
import { dot, ruleX } from "@observablehq/plot";
import { drawFigure, type Figure, keyOf, type Panel } from "../../src/report/figures/canvas.js";
import type { LayerTime } from "./child.js";
import { head, percent, print, record, row } from "./output.js";
import type { Speed, SpeedRow } from "./speed.js";

interface Share {
  readonly layer: string;
  readonly of: string;
  /** Share of the peak, in percent. */
  readonly share: number;
}

/** The figure goes to `file`, where there is one. */
export function reportLayers(speeds: readonly Speed[], file: string | null): void {
  const measured = speeds.filter((speed) => rowsOf(speed).length > 0);
  for (const speed of measured) reportTable(speed);
  if (file !== null && measured.length > 0) writeFileSync(file, drawFigure(figure(measured)));
}

/** On all threads, at the method's densities, densest first. */
function rowsOf({ rows }: Speed): readonly SpeedRow[] {
  return rows.filter(
    ({ work, subject, all }) => work === "step" && subject.densities === "method" && all.layers.length > 0,
  );
}

function reportTable(speed: Speed): void {
  const rows = rowsOf(speed);
  print(`\n## ${speed.options.model}, one PGD step: density of each layer and share of the peak\n`);
  head(["layer", ...rows.flatMap(({ subject }) => [`density at ${subject.density}`, "of peak"])]);
  const [first] = rows;
  for (const [i, { name }] of (first?.all.layers ?? []).entries()) {
    const layers = rows.flatMap(({ all }) => all.layers[i] ?? []);
    row([name, ...layers.flatMap((layer) => [percent(layer.density), percent(shareOf(layer, speed))])]);
    for (const [at, layer] of layers.entries()) {
      const config = { ...rows[at]?.subject, layer: name, layerDensity: layer.density };
      record("step-share-of-peak-of-layer", { value: shareOf(layer, speed), unit: "share", config });
    }
  }
}

/** Of what the peak would do in that time, two operations a connection and position. */
function shareOf({ operations, seconds }: LayerTime, { options }: Speed): number {
  return operations / (seconds / options.threads) / (options.peak.all * 1e9);
}

function figure(speeds: readonly Speed[]): Figure {
  const names = [
    ...new Set(speeds.flatMap((speed) => rowsOf(speed).map(({ subject }) => densityName(subject.density)))),
  ];
  return {
    title: "Share of the peak rate by layer and density",
    description: `Share of the machine's peak f32 rate in each layer, forward and input gradient, for ${names.join(", ")}.`,
    keys: names.map(keyOf),
    caption:
      "Two operations a connection and position, forward and input gradient; layers computed by Winograd's algorithm take fewer and may pass 100%.",
    panels: speeds.map((speed) => ({ title: speed.options.model, options: panel(speed, names) })),
  };
}

function panel(speed: Speed, names: readonly string[]): Panel["options"] {
  const shares = rowsOf(speed).flatMap((one) => sharesOf(one, speed));
  const layers = [...new Set(shares.map(({ layer }) => layer))];
  return {
    height: 60 + 16 * layers.length,
    marginLeft: 20 + 7 * Math.max(...layers.map(({ length }) => length)),
    x: { label: "Share of peak (%)", grid: true, nice: true, zero: true },
    y: { domain: layers, label: null, type: "point" },
    color: { type: "identity" },
    symbol: { type: "identity" },
    marks: [
      ruleX([100], { stroke: "currentColor", strokeOpacity: 0.5 }),
      ...names.map((name, i) => {
        const { colour, symbol } = keyOf(name, i);
        const own = shares.filter(({ of }) => of === name);
        return dot(own, { x: "share", y: "layer", fill: colour, symbol: symbol ?? "circle", r: 4 });
      }),
    ],
  };
}

function sharesOf({ subject, all }: SpeedRow, speed: Speed): Share[] {
  const of = densityName(subject.density);
  return all.layers.map((layer) => ({ layer: layer.name, of, share: 100 * shareOf(layer, speed) }));
}

function densityName(density: number): string {
  return density >= 1 ? "dense" : `density ${density}`;
}
