/** The layers of a graph as nodes of a program. */
import type { AddLayer, ConvLayer, DenseLayer, FlattenLayer, PoolLayer, ReluLayer } from "../../models/graph.js";
import type { Device, Tensor } from "./device.js";
import { convWithBias, hasOneDnn, rememberedMaxPoolGradient, rememberingMaxPool } from "./one-dnn.js";
import {
  addBias,
  arithmetic,
  averagePool,
  averagePoolGradient,
  biasGradient,
  conv,
  convInputGradient,
  convKernelGradient,
  matMul,
  maxPool,
  maxPoolGradient,
  type PoolWindows,
  relu,
  reluGradient,
  reshape,
  transpose,
} from "./operations.js";
import type { Node } from "./program.js";

/** Where a conv or dense node takes its weights from at each pass. */
export interface Weights {
  /** [kh, kw, in, out] of a conv layer, [out, in] of a dense one. */
  kernel(layer: string): Tensor;
  /** Null: none. */
  bias(layer: string): Tensor | null;
}

/** Takes the gradient of a parameter, which is then its own. */
export type Collect = (tensor: string, gradient: Tensor) => void;

export interface WeightNode {
  readonly device: Device;
  readonly weights: Weights;
  /** Name of its value, where another layer was folded into it. */
  readonly name?: string;
  /** Null: parameters are constant. */
  readonly collect: Collect | null;
}

export function convNode(layer: ConvLayer, { device, weights, name, collect }: WeightNode): Node {
  let shape: readonly number[] = [];
  return {
    name: name ?? layer.name,
    inputs: layer.inputs,
    keeps: collect === null ? "nothing" : "inputs",
    isTrained: collect !== null,
    forward([input]) {
      const given = required(input);
      shape = given.shape;
      return { output: convolved(device, given, { layer, weights }) };
    },
    backward({ gradient, inputs: [input], wanted }) {
      const kernel = weights.kernel(layer.name);
      if (collect !== null) {
        const call = { input: required(input), kernel: kernel.shape, gradient };
        collect(`${layer.name}.weight`, convKernelGradient(device, call, layer));
        if (layer.bias) collect(`${layer.name}.bias`, biasGradient(device, gradient));
      }
      const batch = gradient.shape[0] ?? 0;
      const size = [batch, ...shape.slice(1)];
      return [wanted[0] ? convInputGradient(device, { input: size, kernel, gradient }, layer) : null];
    },
  };
}

function convolved(
  device: Device,
  input: Tensor,
  { layer, weights }: { readonly layer: ConvLayer; readonly weights: Weights },
): Tensor {
  const [kernel, bias] = [weights.kernel(layer.name), weights.bias(layer.name)];
  const hasZeros = typeof layer.padding === "number" && layer.padding > 0;
  if (bias !== null && !hasZeros && hasOneDnn(device)) return convWithBias(device, { input, kernel, bias }, layer);
  return biased(device, conv(device, input, kernel, layer), bias);
}

export function denseNode(layer: DenseLayer, { device, weights, name, collect }: WeightNode): Node {
  return {
    name: name ?? layer.name,
    inputs: layer.inputs,
    keeps: collect === null ? "nothing" : "inputs",
    isTrained: collect !== null,
    forward([input]) {
      const output = matMul(device, required(input), weights.kernel(layer.name), { b: true });
      return { output: biased(device, output, weights.bias(layer.name)) };
    },
    backward({ gradient, inputs: [input], wanted }) {
      if (collect !== null) {
        collect(`${layer.name}.weight`, matMul(device, gradient, required(input), { a: true }));
        if (layer.bias) collect(`${layer.name}.bias`, biasGradient(device, gradient));
      }
      return [wanted[0] ? matMul(device, gradient, weights.kernel(layer.name)) : null];
    },
  };
}

function biased(device: Device, output: Tensor, bias: Tensor | null): Tensor {
  if (bias === null) return output;
  const sum = addBias(device, output, bias);
  device.free(output);
  return sum;
}

/** x · scale + shift, each [channel]: `normalize`, and batch-norm with constant statistics. */
export function scaleNode(
  layer: { readonly name: string; readonly inputs: readonly string[] },
  { device, factors }: { device: Device; factors: () => { readonly scale: Tensor; readonly shift: Tensor } },
): Node {
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "nothing",
    isTrained: false,
    forward([input]) {
      const { scale, shift } = factors();
      return { output: biased(device, arithmetic(device, "Mul", required(input), scale), shift) };
    },
    backward: ({ gradient, wanted }) => [wanted[0] ? arithmetic(device, "Mul", gradient, factors().scale) : null],
  };
}

export function reluNode(layer: ReluLayer, device: Device): Node {
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "output",
    isTrained: false,
    forward: ([input]) => ({ output: relu(device, required(input)) }),
    backward: ({ gradient, output }) => [reluGradient(device, gradient, required(output))],
  };
}

export function poolNode(layer: PoolLayer, device: Device): Node {
  return layer.op === "maxpool" ? maxPoolNode(layer, device) : averagePoolNode(layer, device);
}

function windowsOf({ size, stride }: PoolLayer, [, height = 1, width = 1]: readonly number[]): PoolWindows {
  return size === "global" ? { size: [height, width], stride: 1 } : { size: [size, size], stride };
}

function maxPoolNode(layer: PoolLayer, device: Device): Node {
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "both",
    isTrained: false,
    forward([input]) {
      const given = required(input);
      const windows = windowsOf(layer, given.shape);
      if (!hasOneDnn(device)) return { output: maxPool(device, given, windows) };
      const [output, ...extras] = rememberingMaxPool(device, given, windows);
      return { output: required(output), extras };
    },
    backward({ gradient, inputs: [input], output, extras: [places] }) {
      const call = { input: required(input), output: required(output), gradient };
      const windows = windowsOf(layer, call.input.shape);
      if (places === undefined) return [maxPoolGradient(device, call, windows)];
      return [rememberedMaxPoolGradient(device, { ...call, places }, windows)];
    },
  };
}

function averagePoolNode(layer: PoolLayer, device: Device): Node {
  let shape: readonly number[] = [];
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "nothing",
    isTrained: false,
    forward([input]) {
      const given = required(input);
      shape = given.shape;
      return { output: averagePool(device, given, windowsOf(layer, shape)) };
    },
    backward({ gradient }) {
      const size = [gradient.shape[0] ?? 0, ...shape.slice(1)];
      return [averagePoolGradient(device, { input: size, gradient }, windowsOf(layer, shape))];
    },
  };
}

export function addNode(layer: AddLayer, device: Device): Node {
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "nothing",
    isTrained: false,
    forward: ([a, b]) => ({ output: arithmetic(device, "AddV2", required(a), required(b)) }),
    backward: ({ gradient, wanted }) => [
      wanted[0] ? gradient : null,
      wanted[1] ? device.run("Identity", [gradient], { T: { type: "float" } }) : null,
    ],
  };
}

export function flattenNode(layer: FlattenLayer, device: Device): Node {
  let shape: readonly number[] = [];
  const isTurned = () => layer.order === "chw" && (shape[1] ?? 1) * (shape[2] ?? 1) > 1;
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "nothing",
    isTrained: false,
    forward([input]) {
      const given = required(input);
      shape = given.shape;
      const turned = isTurned() ? transpose(device, given, [0, 3, 1, 2]) : given;
      const output = reshape(device, turned, [shape[0] ?? 0, -1]);
      if (turned !== given) device.free(turned);
      return { output };
    },
    backward({ gradient }) {
      const [, height = 1, width = 1, channels = 1] = shape;
      const batch = gradient.shape[0] ?? 0;
      if (!isTurned()) return [reshape(device, gradient, [batch, height, width, channels])];
      const planes = reshape(device, gradient, [batch, channels, height, width]);
      const turned = transpose(device, planes, [0, 2, 3, 1]);
      device.free(planes);
      return [turned];
    },
  };
}

export function required(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error("a node lacks an input");
  return tensor;
}
