/** Batch-norm with the statistics of the batch, as a node of a training's program. */
import type { BatchNormLayer } from "../../models/graph.js";
import type { Device, Tensor } from "./device.js";
import { type Collect, required } from "./nodes.js";
import { arithmetic, reshape } from "./operations.js";
import type { Node, Pass } from "./program.js";

export interface NormParameters {
  /** gamma and beta, [channel] each. */
  readonly gamma: () => Tensor;
  readonly beta: () => Tensor;
  readonly collect: Collect;
}

/** Its extras: mean, variance (over n - 1), and three more that TensorFlow's backward reads. */
export function batchNormNode(layer: BatchNormLayer, device: Device, { gamma, beta, collect }: NormParameters): Node {
  const attributes = {
    T: { type: "float" },
    U: { type: "float" },
    epsilon: { real: layer.epsilon },
    data_format: { text: "NHWC" },
    is_training: { flag: true },
  } as const;
  return {
    name: layer.name,
    inputs: layer.inputs,
    keeps: "inputs",
    isTrained: true,
    forward([input]) {
      const given = required(input);
      const none = device.upload(new Float32Array(0), [0]);
      const image = asImage(device, given);
      device.reserve(image.shape);
      const call = { attributes: { ...attributes, exponential_avg_factor: { real: 1 } }, outputs: 6 };
      const [made, ...extras] = device.runAll("FusedBatchNormV3", [image, gamma(), beta(), none, none], call);
      const output = likeShape(device, required(made), given);
      device.free(none, ...(image === given ? [] : [image]), ...(output === made ? [] : [made]));
      return { output, extras };
    },
    backward({ gradient, inputs: [input], extras, wanted }) {
      const given = required(input);
      const [, , first, second, third] = extras;
      const image = asImage(device, given);
      const from = asImage(device, gradient);
      const inputs = [from, image, gamma(), required(first), required(second), required(third)];
      device.reserve(image.shape);
      const made = device.runAll("FusedBatchNormGradV3", inputs, { attributes, outputs: 5 });
      const [back, scale, shift, ...rest] = made;
      collect(`${layer.name}.weight`, required(scale));
      collect(`${layer.name}.bias`, required(shift));
      const output = wanted[0] ? likeShape(device, required(back), given) : null;
      device.free(...rest, ...[image, from].filter((tensor) => tensor !== given && tensor !== gradient));
      if (output !== back) device.free(back);
      return [output];
    },
  };
}

function asImage(device: Device, tensor: Tensor): Tensor {
  const [batch = 0, channels = 0] = tensor.shape;
  return tensor.shape.length === 4 ? tensor : reshape(device, tensor, [batch, 1, 1, channels]);
}

function likeShape(device: Device, tensor: Tensor, model: Tensor): Tensor {
  return model.shape.length === 4 ? tensor : reshape(device, tensor, model.shape);
}

/** Mean and variance [channel] of the batch that a pass went over, in the caller's scope. */
export function batchStatistics(
  device: Device,
  layer: BatchNormLayer,
  { pass, variance }: { pass: Pass; variance: "biased" | "unbiased" },
): { mean: Tensor; variance: Tensor } {
  const [mean, unbiased] = pass.extras.get(layer.name) ?? [];
  const input = required(pass.values.get(layer.inputs[0] ?? ""));
  const count = input.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  // Of a single value TensorFlow leaves the variance as it is, 0.
  const factor = variance === "biased" ? Math.max(1, count - 1) / count : 1;
  return { mean: required(mean), variance: arithmetic(device, "Mul", required(unbiased), device.scalar(factor)) };
}
