/** Forward passes of every layer in double precision, written for reading: the yardstick of the engines' tests. */
import type { ConvLayer, FlattenLayer, NormalizeLayer, PoolLayer } from "../../src/models/graph.js";

/** A batch of feature maps [batch, height, width, channels]; a flat one has height and width 1. */
export interface Volume {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly flat: boolean;
  readonly data: Float64Array;
}

/** Where the windows of a convolution or a pool lie. */
export interface Windows {
  readonly size: readonly [number, number];
  readonly stride: number;
  /** Rows and columns of zeros before the first. */
  readonly before: readonly [number, number];
  readonly output: readonly [number, number];
}

/** Normalisation constants of one batch-norm layer, one a channel. */
export interface BatchStatistics {
  readonly mean: Float64Array;
  /** Biased. */
  readonly variance: Float64Array;
}

export function emptyVolume(shape: Omit<Volume, "data">): Volume {
  const { batch, height, width, channels, flat } = shape;
  return { batch, height, width, channels, flat, data: new Float64Array(batch * height * width * channels) };
}

export function normalize(input: Volume, layer: NormalizeLayer): Volume {
  const output = emptyVolume(input);
  for (let i = 0; i < input.data.length; i++) {
    const c = i % input.channels;
    output.data[i] = ((input.data[i] as number) - (layer.mean[c] ?? 0)) / (layer.std[c] ?? 1);
  }
  return output;
}

/** Windows of a convolution: TensorFlow's rule for "same", zeros on all four sides for a number. */
export function convWindows(input: Volume, layer: ConvLayer): Windows {
  const { kernel, stride, padding } = layer;
  const alongAxis = (extent: number): [number, number] => {
    if (padding === "same") {
      const output = Math.ceil(extent / stride);
      return [Math.floor(Math.max((output - 1) * stride + kernel - extent, 0) / 2), output];
    }
    const zeros = padding === "valid" ? 0 : padding;
    return [zeros, Math.floor((extent + 2 * zeros - kernel) / stride) + 1];
  };
  const [top, height] = alongAxis(input.height);
  const [left, width] = alongAxis(input.width);
  return { size: [kernel, kernel], stride, before: [top, left], output: [height, width] };
}

export function poolWindows(input: Volume, layer: PoolLayer): Windows {
  if (layer.size === "global") {
    return { size: [input.height, input.width], stride: 1, before: [0, 0], output: [1, 1] };
  }
  const { size, stride } = layer;
  const count = (extent: number) => Math.floor((extent - size) / stride) + 1;
  return { size: [size, size], stride, before: [0, 0], output: [count(input.height), count(input.width)] };
}

/**
 * Visits each pair of an output position and an input position that one of its window's taps covers: offsets of channel 0
 * in both arrays (`outputChannels` a position in the output) and the tap's number, row by row.
 */
export function eachTap(
  input: Volume,
  windows: Windows,
  outputChannels: number,
  visit: (output: number, input: number, tap: number) => void,
): void {
  const [outputHeight, outputWidth] = windows.output;
  for (let position = 0; position < input.batch * outputHeight * outputWidth; position++) {
    const column = position % outputWidth;
    const row = Math.floor(position / outputWidth) % outputHeight;
    const image = Math.floor(position / (outputWidth * outputHeight));
    for (let tap = 0; tap < windows.size[0] * windows.size[1]; tap++) {
      const y = row * windows.stride - windows.before[0] + Math.floor(tap / windows.size[1]);
      const x = column * windows.stride - windows.before[1] + (tap % windows.size[1]);
      if (y < 0 || y >= input.height || x < 0 || x >= input.width) continue;
      visit(position * outputChannels, ((image * input.height + y) * input.width + x) * input.channels, tap);
    }
  }
}

/** `weight` [out, in, kh, kw], `bias` [out]. */
export function convolve(input: Volume, windows: Windows, weight: Float32Array, bias: Float32Array | null): Volume {
  const taps = windows.size[0] * windows.size[1];
  const inputs = input.channels;
  const outputs = weight.length / (inputs * taps);
  const [height, width] = windows.output;
  const output = emptyVolume({ batch: input.batch, height, width, channels: outputs, flat: false });
  if (bias !== null) for (let i = 0; i < output.data.length; i++) output.data[i] = bias[i % outputs] as number;
  const kernel = tapMajor(weight, { outputs, inputs, taps });
  eachTap(input, windows, outputs, (to, from, tap) => {
    for (let i = 0; i < inputs; i++) {
      const value = input.data[from + i] as number;
      const row = (tap * inputs + i) * outputs;
      for (let o = 0; o < outputs; o++)
        output.data[to + o] = (output.data[to + o] as number) + value * (kernel[row + o] as number);
    }
  });
  return output;
}

/** A kernel [out, in, taps] as [taps, in, out], in double. */
export function tapMajor(
  weight: Float32Array,
  sizes: { readonly outputs: number; readonly inputs: number; readonly taps: number },
): Float64Array {
  const { outputs, inputs, taps } = sizes;
  const kernel = new Float64Array(weight.length);
  for (let k = 0; k < weight.length; k++) {
    const tap = k % taps;
    const i = Math.floor(k / taps) % inputs;
    const o = Math.floor(k / (taps * inputs));
    kernel[(tap * inputs + i) * outputs + o] = weight[k] as number;
  }
  return kernel;
}

/** `weight` [out, in], `bias` [out]. */
export function dense(input: Volume, weight: Float32Array, bias: Float32Array | null): Volume {
  const inputs = input.channels;
  const units = weight.length / inputs;
  const output = emptyVolume({ ...input, channels: units });
  for (let i = 0; i < output.data.length; i++) {
    const unit = i % units;
    const from = Math.floor(i / units) * inputs;
    let sum = bias === null ? 0 : (bias[unit] as number);
    for (let j = 0; j < inputs; j++) sum += (input.data[from + j] as number) * (weight[unit * inputs + j] as number);
    output.data[i] = sum;
  }
  return output;
}

/** Mean and biased variance over batch and positions. */
export function batchStatistics(input: Volume): BatchStatistics {
  const { channels } = input;
  const count = input.data.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (const [i, value] of input.data.entries()) mean[i % channels] = (mean[i % channels] ?? 0) + value / count;
  for (const [i, value] of input.data.entries()) {
    const c = i % channels;
    variance[c] = (variance[c] ?? 0) + (value - (mean[c] ?? 0)) ** 2 / count;
  }
  return { mean, variance };
}

export interface BatchNorm {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly statistics: BatchStatistics;
  readonly epsilon: number;
}

export function batchNorm(input: Volume, { weight, bias, statistics, epsilon }: BatchNorm): Volume {
  const output = emptyVolume(input);
  for (let i = 0; i < input.data.length; i++) {
    const c = i % input.channels;
    const spread = Math.sqrt((statistics.variance[c] as number) + epsilon);
    const centred = (input.data[i] as number) - (statistics.mean[c] as number);
    output.data[i] = (centred / spread) * (weight[c] as number) + (bias[c] as number);
  }
  return output;
}

export function relu(input: Volume): Volume {
  return { ...input, data: input.data.map((value) => Math.max(value, 0)) };
}

export function add(a: Volume, b: Volume): Volume {
  return { ...a, data: a.data.map((value, i) => value + (b.data[i] ?? 0)) };
}

/** The mean of each window. */
export function averagePool(input: Volume, windows: Windows): Volume {
  const [height, width] = windows.output;
  const output = emptyVolume({ ...input, height, width });
  const share = 1 / (windows.size[0] * windows.size[1]);
  eachTap(input, windows, input.channels, (to, from) => {
    for (let c = 0; c < input.channels; c++)
      output.data[to + c] = (output.data[to + c] as number) + share * (input.data[from + c] as number);
  });
  return output;
}

/** The maximum of each window and where it was found: the first in row-major order among equals. */
export function maxPool(input: Volume, windows: Windows): { output: Volume; from: Uint32Array } {
  const [height, width] = windows.output;
  const output = emptyVolume({ ...input, height, width });
  output.data.fill(Number.NEGATIVE_INFINITY);
  const source = new Uint32Array(output.data.length);
  eachTap(input, windows, input.channels, (to, from) => {
    for (let c = 0; c < input.channels; c++) {
      const value = input.data[from + c] as number;
      if (value <= (output.data[to + c] as number)) continue;
      output.data[to + c] = value;
      source[to + c] = from + c;
    }
  });
  return { output, from: source };
}

export function flatten(input: Volume, layer: FlattenLayer): Volume {
  const features = input.height * input.width * input.channels;
  const order = flattenOrder(input, layer);
  const output = emptyVolume({ batch: input.batch, height: 1, width: 1, channels: features, flat: true });
  for (let i = 0; i < output.data.length; i++) {
    const image = i - (i % features);
    output.data[i] = input.data[image + (order[i % features] as number)] as number;
  }
  return output;
}

/** For each feature of the flat vector, its offset in an image [height, width, channels]. */
export function flattenOrder(input: Volume, layer: FlattenLayer): Uint32Array {
  const positions = input.height * input.width;
  const order = new Uint32Array(positions * input.channels);
  for (let i = 0; i < order.length; i++) {
    order[i] = layer.order === "hwc" ? i : (i % positions) * input.channels + Math.floor(i / positions);
  }
  return order;
}
