/** Backward passes of every layer in double precision: gradients with respect to inputs and parameters. */
import type { FlattenLayer, NormalizeLayer } from "../../src/models/graph.js";
import {
  type BatchNorm,
  eachTap,
  emptyVolume,
  flattenOrder,
  tapMajor,
  type Volume,
  type Windows,
} from "./plain-layers.js";

/** Gradients of a layer with parameters; weight and bias in the order of the parameters. */
export interface LayerGradients {
  readonly input: Volume;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export function normalizeGradient(gradient: Volume, layer: NormalizeLayer): Volume {
  return { ...gradient, data: gradient.data.map((value, i) => value / (layer.std[i % gradient.channels] ?? 1)) };
}

export function convInputGradient(input: Volume, windows: Windows, weight: Float32Array, gradient: Volume): Volume {
  const taps = windows.size[0] * windows.size[1];
  const inputs = input.channels;
  const outputs = gradient.channels;
  const kernel = tapMajor(weight, { outputs, inputs, taps });
  const result = emptyVolume(input);
  eachTap(input, windows, outputs, (to, from, tap) => {
    for (let i = 0; i < inputs; i++) {
      const row = (tap * inputs + i) * outputs;
      let sum = result.data[from + i] as number;
      for (let o = 0; o < outputs; o++) sum += (gradient.data[to + o] as number) * (kernel[row + o] as number);
      result.data[from + i] = sum;
    }
  });
  return result;
}

/** In the kernel's order [out, in, kh, kw]. */
export function convWeightGradient(input: Volume, windows: Windows, gradient: Volume): Float64Array {
  const taps = windows.size[0] * windows.size[1];
  const inputs = input.channels;
  const outputs = gradient.channels;
  const result = new Float64Array(taps * inputs * outputs);
  eachTap(input, windows, outputs, (to, from, tap) => {
    for (let i = 0; i < inputs; i++) {
      const value = input.data[from + i] as number;
      for (let o = 0; o < outputs; o++) {
        const k = (o * inputs + i) * taps + tap;
        result[k] = (result[k] as number) + (gradient.data[to + o] as number) * value;
      }
    }
  });
  return result;
}

export function denseGradients(input: Volume, weight: Float32Array, gradient: Volume): LayerGradients {
  const inputs = input.channels;
  const units = gradient.channels;
  const inputGradient = emptyVolume(input);
  const weightGradient = new Float64Array(weight.length);
  for (let i = 0; i < gradient.data.length; i++) {
    const unit = i % units;
    const from = Math.floor(i / units) * inputs;
    const above = gradient.data[i] as number;
    for (let j = 0; j < inputs; j++) {
      const k = unit * inputs + j;
      weightGradient[k] = (weightGradient[k] as number) + above * (input.data[from + j] as number);
      inputGradient.data[from + j] = (inputGradient.data[from + j] as number) + above * (weight[k] as number);
    }
  }
  return { input: inputGradient, weight: weightGradient, bias: channelSums(gradient) };
}

export function channelSums(gradient: Volume): Float64Array {
  const sums = new Float64Array(gradient.channels);
  for (const [i, value] of gradient.data.entries()) {
    sums[i % gradient.channels] = (sums[i % gradient.channels] ?? 0) + value;
  }
  return sums;
}

/** With constant statistics (inference) the input's gradient is a scaling; with the batch's own they depend on the input too. */
export function batchNormGradients(
  input: Volume,
  norm: BatchNorm,
  gradient: Volume,
  training: boolean,
): LayerGradients {
  const { channels } = input;
  const count = input.data.length / channels;
  const { mean, variance } = norm.statistics;
  const spread = variance.map((value) => Math.sqrt(value + norm.epsilon));
  const normalized = input.data.map((value, i) => {
    const c = i % channels;
    return (value - (mean[c] ?? 0)) / (spread[c] ?? 1);
  });
  const bias = channelSums(gradient);
  const weight = channelSums({ ...gradient, data: gradient.data.map((value, i) => value * (normalized[i] ?? 0)) });
  const data = gradient.data.map((value, i) => {
    const c = i % channels;
    const throughStatistics = training ? ((bias[c] ?? 0) + (normalized[i] ?? 0) * (weight[c] ?? 0)) / count : 0;
    return ((norm.weight[c] ?? 0) / (spread[c] ?? 1)) * (value - throughStatistics);
  });
  return { input: { ...input, data }, weight, bias };
}

/** The gradient of ReLU at 0 is 0. */
export function reluGradient(input: Volume, gradient: Volume): Volume {
  return { ...input, data: gradient.data.map((value, i) => ((input.data[i] ?? 0) > 0 ? value : 0)) };
}

export function averagePoolGradient(input: Volume, windows: Windows, gradient: Volume): Volume {
  const result = emptyVolume(input);
  const share = 1 / (windows.size[0] * windows.size[1]);
  eachTap(input, windows, input.channels, (to, from) => {
    for (let c = 0; c < input.channels; c++)
      result.data[from + c] = (result.data[from + c] as number) + share * (gradient.data[to + c] as number);
  });
  return result;
}

/** `from` says where each maximum was found. */
export function maxPoolGradient(input: Volume, from: Uint32Array, gradient: Volume): Volume {
  const result = emptyVolume(input);
  for (const [i, source] of from.entries()) {
    result.data[source] = (result.data[source] ?? 0) + (gradient.data[i] ?? 0);
  }
  return result;
}

export function flattenGradient(input: Volume, layer: FlattenLayer, gradient: Volume): Volume {
  const result = emptyVolume(input);
  const order = flattenOrder(input, layer);
  for (const [i, value] of gradient.data.entries()) {
    const image = i - (i % order.length);
    result.data[image + (order[i % order.length] ?? 0)] = value;
  }
  return result;
}
