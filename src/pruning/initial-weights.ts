/** First weights of a network that HYDRA pre-trains: its code's choices by family, not those of the sparse method. */
import { stream } from "../core/rng.js";
import type { Graph, Layer } from "../models/graph.js";
import type { DenseTensor, Network } from "../models/network.js";
import { parameterShapes } from "../models/shapes.js";

export interface InitialNetworkOptions {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly graph: Graph;
  /** Name in the catalogue; `resnet…` takes PyTorch's defaults, `wrn…` its own last layer, all others VGG's choices. */
  readonly model: string;
  readonly seed: number;
}

/** A dense network ready for pre-training; every kernel draws from its own stream (seed, "initial-weight", layer). */
export function initialNetwork(options: InitialNetworkOptions): Network {
  const { input, classes, graph, model, seed } = options;
  const tensors = new Map<string, DenseTensor>();
  const shapes = parameterShapes(graph, input);
  let layerNumber = 0;
  for (const layer of graph) {
    const weightLayer = layer.op === "conv" || layer.op === "dense" ? layerNumber++ : 0;
    for (const part of PARTS) {
      const shape = shapes.get(`${layer.name}.${part}`);
      if (shape === undefined) continue;
      const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
      fill(values, initialLaw({ layer, part, shape, model }), { seed, layer: weightLayer });
      tensors.set(`${layer.name}.${part}`, { type: "dense", shape, values });
    }
  }
  return { input, classes, graph, tensors };
}

/**
 * Every kernel times 1/sqrt(density), once: what a layer sums over shrinks by the density, and this keeps the variance of its
 * outputs. (The reference code does it twice.)
 */
export function scaledForDensity(network: Network, density: number): Network {
  const scale = 1 / Math.sqrt(density);
  const kernels = network.graph.flatMap(({ op, name }) => (op === "conv" || op === "dense" ? [`${name}.weight`] : []));
  const tensors = new Map(network.tensors);
  for (const name of kernels) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) tensors.set(name, { ...tensor, values: tensor.values.map((value) => scale * value) });
  }
  return { ...network, tensors };
}

const PARTS = ["weight", "bias", "running_mean", "running_var"] as const;

type Law =
  | { readonly law: "constant"; readonly value: number }
  | { readonly law: "normal"; readonly deviation: number }
  | { readonly law: "uniform"; readonly bound: number };

interface Parameter {
  readonly layer: Layer;
  readonly part: (typeof PARTS)[number];
  readonly shape: readonly number[];
  readonly model: string;
}

function initialLaw({ layer, part, shape, model }: Parameter): Law {
  if (layer.op === "batchnorm") return { law: "constant", value: part === "weight" || part === "running_var" ? 1 : 0 };
  // PyTorch's default draws a bias like the kernel; only the ResNets, whose code sets nothing, keep that.
  if (part === "bias") return { law: "constant", value: 0 };
  const [outputs = 1, ...inward] = shape;
  const fanIn = inward.reduce((product, length) => product * length, 1);
  if (model.startsWith("resnet")) return { law: "uniform", bound: 1 / Math.sqrt(fanIn) };
  if (layer.op === "conv") {
    const window = layer.kernel * layer.kernel;
    return { law: "normal", deviation: Math.sqrt(2 / (outputs * window)) };
  }
  return model.startsWith("wrn") ? { law: "uniform", bound: 1 / Math.sqrt(fanIn) } : { law: "normal", deviation: 0.01 };
}

function fill(values: Float32Array, law: Law, { seed, layer }: { seed: number; layer: number }): void {
  const draws = stream(seed, "initial-weight", layer);
  if (law.law === "constant") values.fill(law.value);
  else if (law.law === "normal") draws.fillNormal(values, law.deviation);
  else draws.fillUniform(values, -law.bound, law.bound);
}
