/** Batch-norm with constant statistics as a scale and a shift, folded into kernel and bias of the layer before where that is its alone. */
import type { BatchNormLayer, Graph, NormalizeLayer } from "../../models/graph.js";
import type { Device, Tensor } from "./device.js";
import type { Weights } from "./nodes.js";
import { arithmetic } from "./operations.js";
import type { ParameterSource } from "./parameters.js";

interface Factors {
  readonly scale: Tensor;
  readonly shift: Tensor;
}

export interface FoldedWeights extends Weights {
  /** By conv layer, the batch-norm that its weights contain. */
  readonly folded: ReadonlyMap<string, BatchNormLayer>;
  /** Of a layer that stands alone, [channel] each. */
  factors(layer: NormalizeLayer | BatchNormLayer): Factors;
  dispose(): void;
}

/** Weights that follow the parameters: computed once after each change, when first asked for. */
export function foldedWeights(graph: Graph, device: Device, parameters: ParameterSource): FoldedWeights {
  const folded = foldableNorms(graph);
  const cache = new Map<string, Tensor>();
  let version = -1;
  const clear = () => {
    device.free(...cache.values());
    cache.clear();
  };
  const cached = (name: string, make: () => Tensor): Tensor => {
    if (version !== parameters.version) {
      clear();
      version = parameters.version;
    }
    const found = cache.get(name) ?? device.scope(() => device.keep(make()));
    cache.set(name, found);
    return found;
  };
  const scale = (norm: BatchNormLayer) => cached(`${norm.name}:scale`, () => normScale(device, norm, parameters));
  const shift = (norm: BatchNormLayer, bias: Tensor | null) =>
    cached(`${norm.name}:shift`, () => normShift(device, norm, { parameters, scale: scale(norm), bias }));
  return {
    folded,
    kernel(layer) {
      const norm = folded.get(layer);
      if (norm === undefined) return parameters.kernel(layer);
      return cached(`${layer}:kernel`, () => arithmetic(device, "Mul", parameters.kernel(layer), scale(norm)));
    },
    bias(layer) {
      const norm = folded.get(layer);
      const bias = parameters.vector(`${layer}.bias`);
      return norm === undefined ? bias : shift(norm, bias);
    },
    factors(layer) {
      if (layer.op === "batchnorm") return { scale: scale(layer), shift: shift(layer, null) };
      const constant = (name: string, values: Float32Array) =>
        cached(`${layer.name}:${name}`, () => device.upload(values, [values.length]));
      return {
        scale: constant(
          "scale",
          Float32Array.from(layer.std, (std) => 1 / std),
        ),
        shift: constant(
          "shift",
          Float32Array.from(layer.std, (std, c) => -(layer.mean[c] ?? 0) / std),
        ),
      };
    },
    dispose: clear,
  };
}

/** Conv layers whose output only a batch-norm reads. */
function foldableNorms(graph: Graph): Map<string, BatchNormLayer> {
  const readers = new Map<string, number>();
  for (const input of graph.flatMap((layer) => layer.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  const convs = new Set(graph.filter((layer) => layer.op === "conv").map((layer) => layer.name));
  const folded = new Map<string, BatchNormLayer>();
  for (const layer of graph) {
    const before = layer.inputs[0] ?? "";
    if (layer.op === "batchnorm" && convs.has(before) && readers.get(before) === 1) folded.set(before, layer);
  }
  return folded;
}

/** gamma / √(variance + epsilon) */
function normScale(device: Device, norm: BatchNormLayer, parameters: ParameterSource): Tensor {
  const variance = arithmetic(device, "AddV2", part(parameters, norm, "running_var"), device.scalar(norm.epsilon));
  const deviation = device.run("Sqrt", [variance], { T: { type: "float" } });
  return arithmetic(device, "RealDiv", part(parameters, norm, "weight"), deviation);
}

/** beta + (bias - mean) · scale */
function normShift(
  device: Device,
  norm: BatchNormLayer,
  { parameters, scale, bias }: { parameters: ParameterSource; scale: Tensor; bias: Tensor | null },
): Tensor {
  const mean = part(parameters, norm, "running_mean");
  const moved = arithmetic(device, "Mul", mean, scale);
  const shift = arithmetic(device, "Sub", part(parameters, norm, "bias"), moved);
  return bias === null ? shift : arithmetic(device, "AddV2", shift, arithmetic(device, "Mul", bias, scale));
}

function part(parameters: ParameterSource, norm: BatchNormLayer, name: string): Tensor {
  const tensor = parameters.vector(`${norm.name}.${name}`);
  if (tensor === null) throw new Error(`layer "${norm.name}" has no ${name}`);
  return tensor;
}
