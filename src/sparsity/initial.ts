/** The network before the first step: which connections exist, their signs and weights (He et al. 2015, truncated). */
import { normalAt, type Stream, stream } from "../core/rng.js";
import type { WeightRule } from "../engines/engine.js";
import type { Graph } from "../models/graph.js";
import type { Network, Tensor } from "../models/network.js";
import { type KernelLayer, parameterShapes, weightLayers } from "../models/shapes.js";
import { type ConnectivityMode, type LayerCountOptions, layerCounts } from "./layer-counts.js";
import { drawPositions } from "./positions.js";

export interface InitialOptions extends Omit<LayerCountOptions, "kernels"> {
  readonly graph: Graph;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
}

export interface InitialNetwork {
  readonly network: Network;
  /** How each sparse layer is trained, by name; a dense one is left out. */
  readonly rules: ReadonlyMap<string, WeightRule>;
}

/** Biases 0, batch-norm at gamma 1, beta 0, mean 0, variance 1; kernels by mode and budget. */
export function initialNetwork(options: InitialOptions): InitialNetwork {
  const { graph, input, classes, mode } = options;
  const kernels = weightLayers(graph, input);
  const counts = layerCounts({ ...options, kernels });
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of parameterShapes(graph, input)) tensors.set(name, constantTensor(name, shape));
  const rules = new Map<string, WeightRule>();
  for (const [layer, kernel] of kernels.entries()) {
    const sparse = mode !== "dense" && kernel.rewire;
    const mortal = mode === "bayes";
    const kernelOptions = { kernel, layer, seed: options.seed, count: counts[layer] ?? 0 };
    const tensor = sparse ? sparseKernel({ ...kernelOptions, mortal }) : denseKernel(kernelOptions);
    tensors.set(`${kernel.name}.weight`, tensor);
    if (sparse) rules.set(kernel.name, mortal ? "mortal" : "masked");
  }
  return { network: { input, classes, graph, tensors }, rules };
}

/** The sign of a connection of a mortal layer, fixed for the whole run whether the connection exists or not. */
export function signAt(seed: number, layer: number, position: number): 1 | -1 {
  return normalAt(seed, "sign", layer, 0, position) < 0 ? -1 : 1;
}

interface KernelOptions {
  readonly kernel: KernelLayer;
  /** Number of the weight layer in graph order. */
  readonly layer: number;
  readonly seed: number;
  readonly count: number;
}

function sparseKernel({ kernel, layer, seed, count, mortal }: KernelOptions & { mortal: boolean }): Tensor {
  const { size, shape } = kernel;
  const random = stream(seed, "initial-mask", layer);
  const index = drawPositions(random, { count, size, taken: new Uint32Array(0) });
  const values = heNormal(stream(seed, "initial-weight", layer), kernel, count);
  if (!mortal) return { type: "connections", shape, index, values };
  const signed = values.map((value, i) => signAt(seed, layer, index[i] ?? 0) * Math.abs(value));
  return { type: "connections", shape, index, values: signed };
}

function denseKernel({ kernel, layer, seed }: KernelOptions): Tensor {
  const values = heNormal(stream(seed, "initial-weight", layer), kernel, kernel.size);
  return { type: "dense", shape: kernel.shape, values };
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
