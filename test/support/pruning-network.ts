/** Small networks for the pruning tests, with weights and batches from fixed streams. */
import { stream } from "../../src/core/rng.js";
import type { Graph } from "../../src/models/graph.js";
import type { Network } from "../../src/models/network.js";
import { initialNetwork } from "../../src/pruning/initial-weights.js";

/** A convolution with batch-norm, then a dense layer with bias: 4x4 images of one channel, three classes. */
export function smallConvolution(seed = 1): Network {
  const graph: Graph = [
    {
      name: "conv1",
      op: "conv",
      inputs: ["input"],
      filters: 4,
      kernel: 3,
      stride: 1,
      padding: "same",
      bias: false,
      rewire: true,
    },
    { name: "bn1", op: "batchnorm", inputs: ["conv1"], epsilon: 1e-5, momentum: 0.1 },
    { name: "relu1", op: "relu", inputs: ["bn1"] },
    { name: "pool1", op: "maxpool", inputs: ["relu1"], size: 2, stride: 2 },
    { name: "flatten", op: "flatten", inputs: ["pool1"], order: "chw" },
    { name: "fc", op: "dense", inputs: ["flatten"], units: 3, bias: true, rewire: true },
  ];
  const network = initialNetwork({ input: [4, 4, 1], classes: 3, graph, model: "wrn28_4", seed });
  return network;
}

/** Images in [0, 1], [batch, 4, 4, 1] for the network above, another batch for each number. */
export function imageBatch(network: Network, batch: number, number = 0): Float32Array {
  const images = new Float32Array(batch * network.input.reduce((size, length) => size * length, 1));
  stream(7, "order", number).fillUniform(images, 0, 1);
  return images;
}

/** Gradient of a sum of squares (logits - target)^2 / 2: enough of a loss where any will do. */
export function squareGradient(logits: Float32Array): Float32Array {
  return logits.map((logit, i) => logit - ((i * 7) % 3));
}
