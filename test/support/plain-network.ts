/** Runs a graph in double precision, layer after layer, and back. */
import type { BatchNormLayer, Graph, Layer } from "../../src/models/graph.js";
import type { Network } from "../../src/models/network.js";
import * as backward from "./plain-gradients.js";
import type { BatchStatistics, Volume } from "./plain-layers.js";
import * as forward from "./plain-layers.js";

/** Parameters and running statistics by tensor name, every entry. */
export type Parameters = ReadonlyMap<string, Float32Array>;

export type Mode = "inference" | "training";

/** What a forward pass leaves for the way back, layer by layer. */
interface Trace {
  readonly mode: Mode;
  /** Outputs by layer name, and the images as `input`. */
  readonly outputs: Map<string, Volume>;
  readonly statistics: Map<string, BatchStatistics>;
  readonly maxima: Map<string, Uint32Array>;
}

export interface Pass extends Trace {
  /** [batch, classes] */
  readonly logits: Float32Array;
}

export interface PassGradients {
  /** [batch, height, width, channels] */
  readonly images: Float32Array;
  readonly parameters: Map<string, Float64Array>;
}

/** Runs images [batch, height, width, channels]. */
export function runForward(network: Network, parameters: Parameters, images: Float32Array, mode: Mode): Pass {
  const [height, width, channels] = network.input;
  const batch = images.length / (height * width * channels);
  if (!Number.isInteger(batch)) throw new RangeError(`images: ${images.length} values are no whole number of images`);
  const input = { batch, height, width, channels, flat: false, data: Float64Array.from(images) };
  const trace: Trace = { mode, outputs: new Map([["input", input]]), statistics: new Map(), maxima: new Map() };
  for (const layer of network.graph) trace.outputs.set(layer.name, forwardLayer(layer, parameters, trace));
  return { ...trace, logits: Float32Array.from(outputOf(trace, lastLayer(network.graph).name).data) };
}

function forwardLayer(layer: Layer, parameters: Parameters, pass: Trace): Volume {
  const input = outputOf(pass, layer.inputs[0] ?? "");
  const weight = parameters.get(`${layer.name}.weight`) ?? new Float32Array(0);
  const bias = parameters.get(`${layer.name}.bias`) ?? null;
  switch (layer.op) {
    case "normalize":
      return forward.normalize(input, layer);
    case "conv":
      return forward.convolve(input, forward.convWindows(input, layer), weight, bias);
    case "batchnorm":
      if (pass.mode === "training") pass.statistics.set(layer.name, forward.batchStatistics(input));
      return forward.batchNorm(input, batchNormOf(layer, parameters, pass));
    case "relu":
      return forward.relu(input);
    case "maxpool": {
      const { output, from } = forward.maxPool(input, forward.poolWindows(input, layer));
      pass.maxima.set(layer.name, from);
      return output;
    }
    case "avgpool":
      return forward.averagePool(input, forward.poolWindows(input, layer));
    case "add":
      return forward.add(input, outputOf(pass, layer.inputs[1] ?? ""));
    case "flatten":
      return forward.flatten(input, layer);
    case "dense":
      return forward.dense(input, weight, bias);
  }
}

function batchNormOf(layer: BatchNormLayer, parameters: Parameters, pass: Trace): forward.BatchNorm {
  const tensor = (suffix: string) => parameters.get(`${layer.name}.${suffix}`) ?? new Float32Array(0);
  const running = {
    mean: Float64Array.from(tensor("running_mean")),
    variance: Float64Array.from(tensor("running_var")),
  };
  return {
    weight: tensor("weight"),
    bias: tensor("bias"),
    statistics: pass.statistics.get(layer.name) ?? running,
    epsilon: layer.epsilon,
  };
}

/**
 * Gradients of the loss whose gradient with respect to the logits [batch, classes] is given; those of kernels only when
 * `wanted` is "all", since they take half of the time.
 */
export function runBackward(
  { graph }: Network,
  parameters: Parameters,
  pass: Pass,
  { logitGradient, wanted }: { readonly logitGradient: Float32Array; readonly wanted: "images" | "all" },
): PassGradients {
  const last = lastLayer(graph).name;
  const gradients = new Map<string, Volume>();
  const collected = new Map<string, Float64Array>();
  gradients.set(last, { ...outputOf(pass, last), data: Float64Array.from(logitGradient) });
  for (const layer of graph.toReversed()) {
    const above = gradients.get(layer.name);
    if (above === undefined) continue;
    const { inputs, weight, bias } = backwardLayer(layer, parameters, { ...pass, above, wanted });
    for (const [i, gradient] of inputs.entries()) addTo(gradients, layer.inputs[i] ?? "", gradient);
    if (weight !== undefined) collected.set(`${layer.name}.weight`, weight);
    if (bias !== undefined && parameters.has(`${layer.name}.bias`)) collected.set(`${layer.name}.bias`, bias);
  }
  const images = gradients.get("input") ?? forward.emptyVolume(outputOf(pass, "input"));
  return { images: Float32Array.from(images.data), parameters: collected };
}

interface Below {
  readonly inputs: readonly Volume[];
  readonly weight?: Float64Array;
  readonly bias?: Float64Array;
}

interface Above extends Trace {
  readonly above: Volume;
  readonly wanted: "images" | "all";
}

function backwardLayer(layer: Layer, parameters: Parameters, pass: Above): Below {
  const { above, wanted } = pass;
  const input = outputOf(pass, layer.inputs[0] ?? "");
  const weight = parameters.get(`${layer.name}.weight`) ?? new Float32Array(0);
  const withParameters = (gradients: backward.LayerGradients): Below => ({ ...gradients, inputs: [gradients.input] });
  switch (layer.op) {
    case "normalize":
      return { inputs: [backward.normalizeGradient(above, layer)] };
    case "conv":
      return convBelow({ input, weight, above, windows: forward.convWindows(input, layer) }, wanted);
    case "batchnorm": {
      const norm = batchNormOf(layer, parameters, pass);
      return withParameters(backward.batchNormGradients(input, norm, above, pass.mode === "training"));
    }
    case "relu":
      return { inputs: [backward.reluGradient(input, above)] };
    case "maxpool":
      return { inputs: [backward.maxPoolGradient(input, pass.maxima.get(layer.name) ?? new Uint32Array(0), above)] };
    case "avgpool":
      return { inputs: [backward.averagePoolGradient(input, forward.poolWindows(input, layer), above)] };
    case "add":
      return { inputs: [above, above] };
    case "flatten":
      return { inputs: [backward.flattenGradient(input, layer, above)] };
    case "dense":
      return withParameters(backward.denseGradients(input, weight, above));
  }
}

function convBelow(
  conv: { input: Volume; weight: Float32Array; above: Volume; windows: forward.Windows },
  wanted: "images" | "all",
): Below {
  const { input, weight, above, windows } = conv;
  const inputs = [backward.convInputGradient(input, windows, weight, above)];
  if (wanted === "images") return { inputs };
  return { inputs, weight: backward.convWeightGradient(input, windows, above), bias: backward.channelSums(above) };
}

function addTo(gradients: Map<string, Volume>, name: string, gradient: Volume): void {
  const before = gradients.get(name);
  gradients.set(name, before === undefined ? gradient : forward.add(before, gradient));
}

function outputOf(pass: Trace, name: string): Volume {
  const output = pass.outputs.get(name);
  if (output === undefined) throw new RangeError(`no layer ${name} before its use`);
  return output;
}

function lastLayer(graph: Graph): Layer {
  const last = graph.at(-1);
  if (last === undefined) throw new RangeError("the graph has no layers");
  return last;
}
