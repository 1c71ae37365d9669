/** A network cut down to its masks: kernels as connections, all else as it was. */
import { InputError } from "../core/errors.js";
import type { DenseTensor, Network, SparseTensor, Tensor } from "../models/network.js";
import { toDense } from "../models/tensor-storage.js";

/** Ascending positions kept, by layer name. */
export type Masks = ReadonlyMap<string, Uint32Array>;

/** The network with each masked layer's kernel holding the weights at its mask's positions; the other tensors are shared. */
export function maskedNetwork(network: Network, masks: Masks): Network {
  const tensors = new Map(network.tensors);
  for (const [name, index] of masks) {
    const { shape, values } = kernelValues(network, name);
    const kept = Float32Array.from(index, (position) => values[position] ?? 0);
    tensors.set(`${name}.weight`, { type: "connections", shape, index, values: kept } satisfies SparseTensor);
  }
  return { ...network, tensors };
}

/** Every entry of a layer's kernel, zeros where it has no connection. Throws InputError where there is no such kernel. */
export function kernelValues(network: Network, layer: string): DenseTensor {
  const tensor = network.tensors.get(`${layer}.weight`);
  if (tensor === undefined) throw new InputError(`the network has no tensor "${layer}.weight"`);
  return toDense(tensor);
}

/** The masks that a pruned network's kernels carry: those stored as connections. */
export function masksOf(network: Network): Masks {
  const kernels = [...network.tensors].filter((entry): entry is [string, SparseTensor] => isSparse(entry[1]));
  return new Map(kernels.map(([name, { index }]) => [name.replace(/\.weight$/, ""), index]));
}

function isSparse(tensor: Tensor): tensor is SparseTensor {
  return tensor.type === "connections";
}
