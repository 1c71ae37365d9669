/** The density of a network in a table: which number it is, and how it is written. */
import type { CheckpointReference } from "../records/events.js";

/**
 * The share of its weights that a network keeps, counted where the counts are known, so that one budget is one number whether
 * it was asked for as a share or as connections; else as stated.
 */
export function densityOf({ connections, weights, density }: Partial<CheckpointReference>): number | undefined {
  return connections === undefined || weights === undefined || weights === 0 ? density : connections / weights;
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
