/** Small networks with parameters from formulas, for the tests of engines and attacks. */
import type { Graph } from "../../src/models/graph.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { parameterShapes } from "../../src/models/shapes.js";

/** Parameters are smooth functions of their index; running variances and batch-norm weights are positive. */
export function networkOf(options: {
  readonly graph: Graph;
  readonly input: readonly [number, number, number];
  readonly classes: number;
}): Network {
  const shapes = [...parameterShapes(options.graph, options.input)];
  const tensors = new Map(shapes.map(([name, shape], i) => [name, tensorOf(name, shape, i)]));
  return { ...options, tensors };
}

function tensorOf(name: string, shape: readonly number[], phase: number): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const fanIn = Math.max(1, size / (shape[0] ?? 1));
  const wave = (i: number) => Math.sin(1.3 * (i + 1) * (phase + 1) + 0.1 * i * i + phase);
  const positive = name.endsWith("running_var") || shape.length === 1;
  const value = (i: number) => (positive ? 1 + 0.4 * wave(i) : (1.5 * wave(i)) / Math.sqrt(fanIn));
  return { type: "dense", shape, values: Float32Array.from({ length: size }, (_, i) => value(i)) };
}

/** A network with every layer of the contract: [5, 6, 2] images, 3 classes. */
export function everyLayer(): Network {
  const conv = { op: "conv", stride: 1, bias: false, rewire: true } as const;
  const graph: Graph = [
    { name: "scale", op: "normalize", inputs: ["input"], mean: [0.4, 0.5], std: [0.25, 0.5] },
    { ...conv, name: "conv1", inputs: ["scale"], filters: 3, kernel: 3, padding: "same", stride: 2, bias: true },
    { name: "bn1", op: "batchnorm", inputs: ["conv1"], epsilon: 1e-5, momentum: 0.25 },
    { name: "relu1", op: "relu", inputs: ["bn1"] },
    { ...conv, name: "conv2", inputs: ["relu1"], filters: 3, kernel: 3, padding: 1 },
    { name: "sum", op: "add", inputs: ["conv2", "relu1"] },
    { ...conv, name: "wide", inputs: ["sum"], filters: 4, kernel: 1, padding: 1 },
    { name: "max", op: "maxpool", inputs: ["wide"], size: 2, stride: 1 },
    { ...conv, name: "conv3", inputs: ["max"], filters: 4, kernel: 3, padding: "valid" },
    { name: "mean", op: "avgpool", inputs: ["conv3"], size: "global", stride: 1 },
    { name: "pool", op: "avgpool", inputs: ["max"], size: 2, stride: 2 },
    { ...conv, name: "conv4", inputs: ["pool"], filters: 4, kernel: 1, padding: 0 },
    { name: "flat", op: "flatten", inputs: ["conv4"], order: "chw" },
    { name: "flatMean", op: "flatten", inputs: ["mean"], order: "hwc" },
    { name: "fc1", op: "dense", inputs: ["flat"], units: 3, bias: true, rewire: true },
    { name: "fc2", op: "dense", inputs: ["flatMean"], units: 3, bias: false, rewire: true },
    { name: "logits", op: "add", inputs: ["fc1", "fc2"] },
  ];
  return networkOf({ graph, input: [5, 6, 2], classes: 3 });
}

/** Images in [0, 1], [batch, height, width, channel]. */
export function waveImages(batch: number, [height, width, channels]: readonly [number, number, number]): Float32Array {
  const size = height * width * channels;
  const pixel = (i: number) => 0.5 + 0.45 * Math.sin(0.9 * (i % size) + 1.7 * Math.floor(i / size) + 0.3);
  return Float32Array.from({ length: batch * size }, (_, i) => pixel(i));
}
