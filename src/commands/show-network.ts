/** `--show`: a checkpoint for people: digest, metadata, layers and their densities. */
import type { Layer } from "../models/graph.js";
import type { NetworkFile } from "../models/network-file.js";
import { inferShapes } from "../models/shapes.js";
import { checkpointReference, layerDensities } from "./checkpoint-reference.js";

/** Ends with a newline. */
export function networkText(path: string, file: NetworkFile): string {
  const { config, ...facts } = { ...checkpointReference(path, file), config: file.checkpoint.config };
  // Files from elsewhere do not know all of it.
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  const lines = known.map(([name, value]) => `${name.padEnd(width)} ${plain(value)}`);
  const settings = Object.entries(config ?? {}).map(([name, value]) => `  ${name.padEnd(20)} ${plain(value)}`);
  const configured = settings.length === 0 ? [] : ["", "config", ...settings];
  return `${[...lines, ...configured, "", ...layerLines(file)].join("\n")}\n`;
}

function layerLines(file: NetworkFile): readonly string[] {
  const { graph, input } = file.network;
  const shapes = inferShapes(graph, input);
  const densities = new Map(layerDensities(file.network).map((layer) => [layer.name, layer]));
  const header = ["layer", "op", "output", "connections", "of", "density"];
  const rows = graph.map((layer) => {
    const shape = shapes.get(layer.name);
    const output =
      shape === undefined ? "" : shape.flat ? `${shape.channels}` : `${shape.height}×${shape.width}×${shape.channels}`;
    const weights = densities.get(layer.name);
    const counts =
      weights === undefined
        ? ["", "", ""]
        : [String(weights.connections), String(weights.size), (weights.connections / weights.size).toPrecision(3)];
    return [layer.name, operation(layer), output, ...counts];
  });
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [header, ...rows].map((row) =>
    row
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function operation(layer: Layer): string {
  switch (layer.op) {
    case "conv":
      return `conv ${layer.kernel}×${layer.kernel}${layer.stride === 1 ? "" : ` /${layer.stride}`}`;
    case "maxpool":
    case "avgpool":
      return `${layer.op} ${layer.size}`;
    case "add":
      return `add ${layer.inputs.join(" ")}`;
    default:
      return layer.op;
  }
}

/** `tinycnn (width 1)` for what has a name. */
function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (!("name" in value)) return JSON.stringify(value);
  const { name, ...rest } = value;
  const more = Object.entries(rest).map(([key, one]) => `${key} ${plain(one)}`);
  return more.length === 0 ? String(name) : `${name} (${more.join("; ")})`;
}
