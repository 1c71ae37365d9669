/** A network's constant parameters on the device. */
import type { Network, Tensor as StoredTensor } from "../../models/network.js";
import type { Device, Tensor } from "./device.js";
import { transpose } from "./operations.js";

/** Parameters as an inference reads them. */
export interface ParameterSource {
  /** Another number after every change. */
  readonly version: number;
  /** [kh, kw, in, out] of a conv layer, [out, in] of a dense one; stays the source's. */
  kernel(layer: string): Tensor;
  /** A bias or a tensor of batch-norm, [channel]; null where there is none. */
  vector(tensor: string): Tensor | null;
  dispose(): void;
}

/** Uploads the tensors of a network, whose arrays may change afterwards. */
export function constantParameters(device: Device, { tensors }: Network): ParameterSource {
  const held = new Map([...tensors].map(([name, tensor]) => [name, uploaded(device, tensor)]));
  return {
    version: 1,
    kernel: (layer) => {
      const kernel = held.get(`${layer}.weight`);
      if (kernel === undefined) throw new Error(`layer "${layer}" has no kernel`);
      return kernel;
    },
    vector: (tensor) => held.get(tensor) ?? null,
    dispose() {
      device.free(...held.values());
      held.clear();
    },
  };
}

function uploaded(device: Device, tensor: StoredTensor): Tensor {
  return device.scope(() => device.keep(inKernelOrder(device, device.upload(everyPosition(tensor), tensor.shape))));
}

/** A kernel [out, in, kh, kw] as TensorFlow's convolutions take it; others as they are. */
export function inKernelOrder(device: Device, tensor: Tensor): Tensor {
  return tensor.shape.length === 4 ? transpose(device, tensor, [2, 3, 1, 0]) : tensor;
}

/** [kh, kw, in, out] as [out, in, kh, kw]; others as they are. */
export function inStoredOrder(device: Device, tensor: Tensor): Tensor {
  return tensor.shape.length === 4 ? transpose(device, tensor, [3, 2, 0, 1]) : tensor;
}

/** A new array with the value of every position. */
export function everyPosition(tensor: StoredTensor): Float32Array {
  if (tensor.type === "dense") return tensor.values.slice();
  const values = new Float32Array(tensor.shape.reduce((size, extent) => size * extent, 1));
  for (const [i, position] of tensor.index.entries()) values[position] = tensor.values[i] ?? 0;
  return values;
}
