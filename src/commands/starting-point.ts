/** What a run of sparse-train takes from earlier checkpoints: all parameters, or only which connections there are. */
import { InputError, UsageError } from "../core/errors.js";
import type { CatalogModel } from "../models/catalog.js";
import type { Network, Tensor } from "../models/network.js";
import { type NetworkFile, readNetworkFile } from "../models/network-file.js";
import { type KernelLayer, parameterShapes } from "../models/shapes.js";
import { toConnections } from "../models/tensor-storage.js";
import type { ConnectivityMode } from "../sparsity/layer-counts.js";
import { type DensityValues, givenDensities } from "./density-options.js";

export interface StartingPoint {
  /** Parameters to begin with. */
  readonly tensors: ReadonlyMap<string, Tensor> | null;
  /** Connections of each sparse layer, ascending. */
  readonly masks: ReadonlyMap<string, Uint32Array> | null;
  /** How many those are. */
  readonly connections: number | null;
  /** Digest of the checkpoint that the parameters are of. */
  readonly parent: string | null;
  /** Digests in place of paths, by config key: which checkpoints they were alters the result. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface StartingOptions extends DensityValues {
  readonly initFrom: string | null;
  readonly maskFrom: string | null;
  readonly mode: ConnectivityMode;
  readonly model: string;
  readonly layers: ReadonlyMap<string, number>;
}

/**
 * A mask comes from `--mask-from`, or from a sparse `--init-from`; a dense one leaves it to the mode. UsageError where a mask
 * and the other options do not go together, InputError for a network of other layers.
 */
export async function startingPoint(
  options: StartingOptions,
  { model, kernels }: NetworkChoice,
): Promise<StartingPoint> {
  const { initFrom, maskFrom, mode } = options;
  const [initial, mask] = await Promise.all([initFrom, maskFrom].map((path) => path && fitting(path, options, model)));
  if (mask && (mode === "dense" || mode === "random"))
    throw new UsageError(`--mask-from: --mode ${mode} takes no mask; choose fixed, or a mode whose connections move`);
  const source = mask || (initial && mode !== "dense" && isSparse(initial.network) ? initial : null);
  const masks = source ? masksOf(source.network, kernels) : null;
  if (masks !== null) requireNoDensity(options, mask ? "--mask-from" : "--init-from");
  return {
    tensors: initial ? initial.network.tensors : null,
    masks,
    connections: masks && [...masks.values()].reduce((sum, { length }) => sum + length, 0),
    parent: initial ? initial.sha256 : null,
    digests: { ...(initial ? { initFrom: initial.sha256 } : {}), ...(mask ? { maskFrom: mask.sha256 } : {}) },
  };
}

export interface NetworkChoice {
  readonly model: CatalogModel;
  readonly kernels: readonly KernelLayer[];
}

/** A checkpoint whose tensors are those of the model to be trained. */
async function fitting(path: string, { model: name }: StartingOptions, model: CatalogModel): Promise<NetworkFile> {
  const file = await readNetworkFile(path);
  const expected = parameterShapes(model.graph, model.input);
  for (const [tensor, shape] of expected) {
    const found = file.network.tensors.get(tensor)?.shape;
    if (found?.join() === shape.join()) continue;
    const there = found === undefined ? "is not there" : `is [${found.join(", ")}] there`;
    throw new InputError(`${path}: "${tensor}" ${there}; --model ${name} has it as [${shape.join(", ")}]`);
  }
  const extra = [...file.network.tensors.keys()].find((tensor) => !expected.has(tensor));
  if (extra === undefined) return file;
  throw new InputError(`${path}: has "${extra}", which --model ${name} has not`);
}

function isSparse({ tensors }: Network): boolean {
  return [...tensors.values()].some(({ type }) => type === "connections");
}

/** A kernel that is stored whole counts as connected where it is not 0. */
function masksOf({ tensors }: Network, kernels: readonly KernelLayer[]): Map<string, Uint32Array> {
  const sparse = kernels.filter(({ rewire }) => rewire);
  return new Map(sparse.map(({ name }) => [name, connectionsOf(tensors.get(`${name}.weight`))]));
}

function connectionsOf(tensor: Tensor | undefined): Uint32Array {
  return tensor === undefined ? new Uint32Array(0) : toConnections(tensor).index;
}

function requireNoDensity(options: StartingOptions, flag: string): void {
  const [density] = givenDensities(options);
  if (density !== undefined)
    throw new UsageError(`--${density}: ${flag} brings its own number of connections; leave one of the two out`);
  const [layer] = options.layers.keys();
  if (layer !== undefined)
    throw new UsageError(`layers.${layer}: ${flag} brings the connections of each layer; leave one of the two out`);
}
