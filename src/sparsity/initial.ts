/** The network before the first step: which connections exist, their signs and weights (He et al. 2015, truncated). */
import { type Stream, stream } from "../core/rng.js";
import type { WeightRule } from "../engines/engine.js";
import type { Graph } from "../models/graph.js";
import type { Network, Tensor } from "../models/network.js";
import { type KernelLayer, parameterShapes, weightLayers } from "../models/shapes.js";
import { toDense } from "../models/tensor-storage.js";
import { type ConnectivityMode, type LayerCountOptions, layerCounts } from "./layer-counts.js";
import { drawPositions } from "./positions.js";

export interface InitialOptions extends Omit<LayerCountOptions, "kernels"> {
  readonly graph: Graph;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  /** Connections that move every step keep their sign, w = sign · theta; with this those of a static mask do too. */
  readonly staticReparam?: boolean;
  /** Connections of sparse layers by name, ascending, instead of a draw. */
  readonly masks?: ReadonlyMap<string, Uint32Array> | null;
  /** A network's tensors to start from instead of a draw; what it has no connection for is 0. */
  readonly tensors?: ReadonlyMap<string, Tensor> | null;
}

export interface InitialNetwork {
  readonly network: Network;
  /** How each sparse layer is trained, by name; a dense one is left out. */
  readonly rules: ReadonlyMap<string, WeightRule>;
}

/** Biases 0, batch-norm at gamma 1, beta 0, mean 0, variance 1, kernels by mode and budget, unless given. */
export function initialNetwork(options: InitialOptions): InitialNetwork {
  const { graph, input, classes, mode, seed, masks, tensors: given } = options;
  const kernels = weightLayers(graph, input);
  const counts = layerCounts({ ...options, kernels });
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of parameterShapes(graph, input)) {
    tensors.set(name, given?.get(name) ?? constantTensor(name, shape));
  }
  const rules = new Map<string, WeightRule>();
  const isMortal = isMortalMode(mode) || options.staticReparam === true;
  for (const [layer, kernel] of kernels.entries()) {
    const name = `${kernel.name}.weight`;
    const isSparse = mode !== "dense" && kernel.rewire;
    const draw = { kernel, layer, seed, count: isSparse ? (counts[layer] ?? 0) : kernel.size };
    const index = isSparse ? (masks?.get(kernel.name) ?? drawnIndex(draw)) : null;
    tensors.set(name, kernelTensor(given?.get(name) ?? null, { ...draw, index, isMortal }));
    if (isSparse) rules.set(kernel.name, isMortal ? "mortal" : "masked");
  }
  return { network: { input, classes, graph, tensors }, rules };
}

/** Whether connections have a fixed sign and die at 0: the method and its ancestor. */
export function isMortalMode(mode: ConnectivityMode): boolean {
  return mode === "bayes" || mode === "deep-rewiring";
}

/** The signs of connections of a mortal layer, fixed for the whole run whether the connections exist or not. */
export function signsAt(seed: number, layer: number, positions: Uint32Array): Float32Array {
  const signs = new Float32Array(positions.length);
  stream(seed, "sign", layer).fillNormalAt(signs, 1, positions);
  for (let i = 0; i < signs.length; i++) signs[i] = (signs[i] as number) < 0 ? -1 : 1;
  return signs;
}

interface KernelOptions {
  readonly kernel: KernelLayer;
  /** Number of the weight layer in graph order. */
  readonly layer: number;
  readonly seed: number;
  readonly count: number;
}

function drawnIndex({ kernel: { size }, layer, seed, count }: KernelOptions): Uint32Array {
  return drawPositions(stream(seed, "initial-mask", layer), { count, size, taken: new Uint32Array(0) });
}

interface KernelChoice extends KernelOptions {
  /** Null for a dense layer. */
  readonly index: Uint32Array | null;
  readonly isMortal: boolean;
}

/** The given weights at the connections, or weights of He's law. */
function kernelTensor(given: Tensor | null, { index, isMortal, ...options }: KernelChoice): Tensor {
  const { kernel, layer, seed } = options;
  const { shape, size } = kernel;
  if (index === null)
    return { type: "dense", shape, values: given === null ? drawnValues(options, size) : toDense(given).values };
  if (given !== null) {
    const all = toDense(given).values;
    return { type: "connections", shape, index, values: Float32Array.from(index, (position) => all[position] ?? 0) };
  }
  const values = drawnValues(options, index.length);
  if (!isMortal) return { type: "connections", shape, index, values };
  const signs = signsAt(seed, layer, index);
  return { type: "connections", shape, index, values: signs.map((sign, i) => sign * Math.abs(values[i] ?? 0)) };
}

function drawnValues({ kernel, layer, seed }: KernelOptions, count: number): Float32Array {
  return heNormal(stream(seed, "initial-weight", layer), kernel, count);
}

/** Standard deviation of a standard normal cut at two of its own. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * He-normal of the dense fan-in, whatever the sparsity: a normal cut at two standard deviations, of deviation
 * sqrt(2 / fan_in) after the cut.
 */
function heNormal(random: Stream, { fanIn }: KernelLayer, count: number): Float32Array {
  const deviation = Math.sqrt(2 / fanIn) / TRUNCATED_DEVIATION;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = deviation * truncatedNormal(random);
  return values;
}

function truncatedNormal(random: Stream): number {
  let value = random.normal();
  while (Math.abs(value) > 2) value = random.normal();
  return value;
}

function constantTensor(name: string, shape: readonly number[]): Tensor {
  const values = new Float32Array(shape.reduce((all, one) => all * one, 1));
  if (name.endsWith(".running_var") || (name.endsWith(".weight") && shape.length === 1)) values.fill(1);
  return { type: "dense", shape, values };
}

export type { ConnectivityMode };
