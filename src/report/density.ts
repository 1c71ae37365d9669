/**
 * The density of a network in a table: a row "Density" shows the counted share; labels, and a sweep's rows, name a network by the
 * density it was asked for wherever the count is its rounding.
 */
import type { CheckpointReference } from "../records/events.js";

/**
 * The share of its weights that a network keeps, counted where the counts are known, so that one budget is one number whether
 * it was asked for as a share or as connections; else as stated.
 */
export function densityOf({ connections, weights, density }: Partial<CheckpointReference>): number | undefined {
  return connections === undefined || weights === undefined || weights === 0 ? density : connections / weights;
}

/**
 * The density that a network is named by: the one asked for where the count is what it rounds to (connections are whole ones,
 * so each layer may miss it by less than one), else the counted share.
 */
export function namedDensity(checkpoint: Partial<CheckpointReference>): number | undefined {
  const { density, connections, weights, layerDensities } = checkpoint;
  const counted = densityOf(checkpoint);
  if (density === undefined || connections === undefined || weights === undefined) return counted;
  const layers = Math.max(1, layerDensities?.length ?? 1);
  return Math.abs(connections - density * weights) < layers ? density : counted;
}

/** `0.0999`: three significant digits, in which what is meant to be one density agrees. */
export function shortDensity(density: number): string {
  return String(Number(density.toPrecision(3)));
}

/** `0.0105 (98.95%)`: with the sparsity that the shown density leaves. */
export function densityText(density: number): string {
  const short = shortDensity(density);
  return `${short} (${Number((100 - 100 * Number(short)).toPrecision(12))}%)`;
}
