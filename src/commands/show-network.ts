/** `--show`: a checkpoint for people: digest, metadata, layers and their densities. */
import type { Layer } from "../models/graph.js";
import type { NetworkFile } from "../models/network-file.js";
import { inferShapes } from "../models/shapes.js";
import { checkpointReference, layerDensities } from "./checkpoint-reference.js";

/** Ends with a newline. */
export function networkText(path: string, file: NetworkFile): string {
  const { config, ...facts } = { ...checkpointReference(path, file), config: file.checkpoint.config };
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(14)} ${plain(value)}`);
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

function plain(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
