/** How sparse the network of a training command is to be: one amount, three ways to say it. */
import type { Target } from "../sparsity/connectivity.js";
import { count, number } from "./options.js";

/** The options, with the help of the two that mean something of their own in each command. */
export function densityOptions(help: { readonly density: string; readonly connections: string }) {
  return {
    density: number({ ...share, help: help.density, above: 0, atMost: 1, defaultText: "0.01" }),
    sparsity: number({ ...share, help: "the same as 1 - density", atLeast: 0, below: 1, sharesOf: ["sparsity"] }),
    connections: count({ argument: "N", help: help.connections, atLeast: 1, exclusive }),
  };
}

const exclusive = { group: "density" };

/** Percent of weights are said of sparsity as often as of density. */
const share = { argument: "X", exclusive, sharesOf: ["sparsity", "density"] };

export interface DensityValues {
  readonly density: number | null;
  readonly sparsity: number | null;
  readonly connections: number | null;
}

const DEFAULT_DENSITY = 0.01;

/** The names among them that were given. */
export function givenDensities(values: DensityValues): readonly string[] {
  const { density, sparsity, connections } = values;
  return Object.entries({ density, sparsity, connections }).flatMap(([name, value]) => (value === null ? [] : [name]));
}

/** At most one of them is given: they exclude each other. */
export function targetOf(values: DensityValues): Target {
  const { density, sparsity, connections } = values;
  if (connections !== null) return { connections };
  // 1 - 0.9 is not 0.1 in binary; twelve digits are more than anyone writes.
  if (sparsity !== null) return { density: Number((1 - sparsity).toPrecision(12)) };
  return { density: density ?? DEFAULT_DENSITY };
}
