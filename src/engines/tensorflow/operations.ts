/** The TensorFlow ops that a network is made of, by what they do. Feature maps are [batch, height, width, channel], kernels [kh, kw, in, out]. */
import type { Device, Tensor } from "./device.js";

const float = { T: { type: "float" } } as const;
const nhwc = { data_format: { text: "NHWC" } } as const;

/** How the windows of a convolution lie. */
export interface ConvWindows {
  readonly stride: number;
  /** "same": TensorFlow's rule; a number: zeros on all four sides. */
  readonly padding: "same" | "valid" | number;
}

export function convAttributes({ stride, padding }: ConvWindows) {
  const p = typeof padding === "number" ? padding : 0;
  const explicit = p > 0 ? { explicit_paddings: { integer: [0, 0, p, p, p, p, 0, 0] } } : {};
  return {
    ...float,
    ...nhwc,
    ...explicit,
    strides: { integer: [1, stride, stride, 1] },
    padding: { text: p > 0 ? "EXPLICIT" : padding === "same" ? "SAME" : "VALID" },
    use_cudnn_on_gpu: { flag: true },
    dilations: { integer: [1, 1, 1, 1] },
  } as const;
}

/** [batch, height, width, filter] */
export function convShape(input: Tensor, kernel: Tensor, { stride, padding }: ConvWindows): number[] {
  const [batch = 0, ...sides] = input.shape.slice(0, 3);
  const extents = sides.map((side, axis) => {
    if (padding === "same") return Math.ceil(side / stride);
    const zeros = padding === "valid" ? 0 : 2 * padding;
    return Math.floor((side + zeros - (kernel.shape[axis] ?? 1)) / stride) + 1;
  });
  return [batch, ...extents, kernel.shape[3] ?? 0];
}

export function conv(device: Device, input: Tensor, kernel: Tensor, windows: ConvWindows): Tensor {
  device.reserve(convShape(input, kernel, windows));
  return device.run("Conv2D", [input, kernel], convAttributes(windows));
}

/** Gradient with respect to an input of shape `input`. */
export function convInputGradient(
  device: Device,
  { input, kernel, gradient }: { input: readonly number[]; kernel: Tensor; gradient: Tensor },
  windows: ConvWindows,
): Tensor {
  device.reserve(input);
  const sizes = device.integers(input);
  return device.run("Conv2DBackpropInput", [sizes, kernel, gradient], convAttributes(windows));
}

/** Gradient with respect to a kernel of shape `kernel`. */
export function convKernelGradient(
  device: Device,
  { input, kernel, gradient }: { input: Tensor; kernel: readonly number[]; gradient: Tensor },
  windows: ConvWindows,
): Tensor {
  const sizes = device.integers(kernel);
  // A kernel for CPUs writes beyond its memory here, with fewer than 16 channels (oneDNN's issue 6035).
  const isPointwise = kernel[0] === 1 && kernel[1] === 1 && windows.stride > 1 && !(Number(windows.padding) > 0);
  if (!isPointwise || device.isGpu)
    return device.run("Conv2DBackpropFilter", [input, sizes, gradient], convAttributes(windows));
  const read = strided(device, input, windows.stride);
  const attributes = convAttributes({ stride: 1, padding: "valid" });
  const result = device.run("Conv2DBackpropFilter", [read, sizes, gradient], attributes);
  device.free(read);
  return result;
}

/** Every `stride`-th row and column, from the first. */
function strided(device: Device, input: Tensor, stride: number): Tensor {
  const [zeros, strides] = [device.integers([0, 0, 0, 0]), device.integers([1, stride, stride, 1])];
  const none = { integer: 0 } as const;
  return device.run("StridedSlice", [input, zeros, zeros, strides], {
    ...float,
    Index: { type: "int32" },
    ...{
      begin_mask: none,
      end_mask: { integer: 15 },
      ellipsis_mask: none,
      new_axis_mask: none,
      shrink_axis_mask: none,
    },
  });
}

export function matMul(device: Device, a: Tensor, b: Tensor, transpose: { a?: boolean; b?: boolean } = {}): Tensor {
  const attributes = {
    ...float,
    transpose_a: { flag: transpose.a ?? false },
    transpose_b: { flag: transpose.b ?? false },
  };
  return device.run("MatMul", [a, b], attributes);
}

export interface PoolWindows {
  readonly size: readonly [number, number];
  readonly stride: number;
}

export function poolAttributes({ size, stride }: PoolWindows) {
  const [height, width] = size;
  return {
    ...float,
    ...nhwc,
    ksize: { integer: [1, height, width, 1] },
    strides: { integer: [1, stride, stride, 1] },
    padding: { text: "VALID" },
  } as const;
}

/** [batch, height, width, channel] */
export function poolShape({ shape }: Tensor, { size, stride }: PoolWindows): number[] {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const extent = (side: number, window: number) => Math.floor((side - window) / stride) + 1;
  return [batch, extent(height, size[0]), extent(width, size[1]), channels];
}

export function maxPool(device: Device, input: Tensor, windows: PoolWindows): Tensor {
  device.reserve(poolShape(input, windows));
  return device.run("MaxPool", [input], poolAttributes(windows));
}

export function maxPoolGradient(
  device: Device,
  { input, output, gradient }: { input: Tensor; output: Tensor; gradient: Tensor },
  windows: PoolWindows,
): Tensor {
  device.reserve(input.shape);
  return device.run("MaxPoolGrad", [input, output, gradient], poolAttributes(windows));
}

export function averagePool(device: Device, input: Tensor, windows: PoolWindows): Tensor {
  device.reserve(poolShape(input, windows));
  return device.run("AvgPool", [input], poolAttributes(windows));
}

export function averagePoolGradient(
  device: Device,
  { input, gradient }: { input: readonly number[]; gradient: Tensor },
  windows: PoolWindows,
): Tensor {
  device.reserve(input);
  return device.run("AvgPoolGrad", [device.integers(input), gradient], poolAttributes(windows));
}

/** Adds `bias` [channel] to the last axis. */
export function addBias(device: Device, input: Tensor, bias: Tensor): Tensor {
  return device.run("BiasAdd", [input, bias], { ...float, ...nhwc });
}

/** Sum over all axes but the last. */
export function biasGradient(device: Device, gradient: Tensor): Tensor {
  return device.run("BiasAddGrad", [gradient], { ...float, ...nhwc });
}

export function relu(device: Device, input: Tensor): Tensor {
  return device.run("Relu", [input], float);
}

export function reluGradient(device: Device, gradient: Tensor, output: Tensor): Tensor {
  return device.run("ReluGrad", [gradient, output], float);
}

export type Arithmetic = "AddV2" | "Sub" | "Mul" | "RealDiv" | "Maximum" | "Minimum";

/** Two tensors of one shape, or of shapes that TensorFlow's broadcasting brings together. */
export function arithmetic(device: Device, op: Arithmetic, a: Tensor, b: Tensor): Tensor {
  return device.run(op, [a, b], float);
}

export function compare(device: Device, op: "Greater" | "Less", a: Tensor, b: Tensor): Tensor {
  return device.run(op, [a, b], float);
}

/** `a` where the flag is set, else `b`. */
export function select(device: Device, flag: Tensor, a: Tensor, b: Tensor): Tensor {
  return device.run("SelectV2", [flag, a, b], float);
}

export function reshape(
  device: Device,
  input: Tensor,
  shape: readonly number[],
  type: "float" | "int32" | "double" = "float",
): Tensor {
  return device.run("Reshape", [input, device.integers(shape)], { T: { type }, Tshape: { type: "int32" } });
}

export function transpose(device: Device, input: Tensor, order: readonly number[]): Tensor {
  return device.run("Transpose", [input, device.integers(order)], { ...float, Tperm: { type: "int32" } });
}

export function zerosLike(device: Device, input: Tensor): Tensor {
  return device.run("ZerosLike", [input], float);
}

export function cast(device: Device, input: Tensor, from: CastType, to: CastType): Tensor {
  return device.run("Cast", [input], { SrcT: { type: from }, DstT: { type: to }, Truncate: { flag: false } });
}

type CastType = "float" | "int32" | "int64" | "bool" | "double";
