/** What the engine makes of a graph to be faster changes nothing but roundings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadBinding } from "../../src/engines/tensorflow/binding.js";
import { Device } from "../../src/engines/tensorflow/device.js";
import { TensorflowInference } from "../../src/engines/tensorflow/inference.js";
import { hasOneDnn } from "../../src/engines/tensorflow/one-dnn.js";
import { constantParameters } from "../../src/engines/tensorflow/parameters.js";
import { poolingFirst } from "../../src/engines/tensorflow/pooling-first.js";
import type { Graph } from "../../src/models/graph.js";
import type { Network } from "../../src/models/network.js";
import { assertNear } from "../support/assert-near.js";
import { plainEngine } from "../support/plain-engine.js";
import { batchOf, networkOf, recipes } from "../support/random-network.js";
import { networkOf as smallNetwork, waveImages } from "../support/small-networks.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";

const conv = { op: "conv", filters: 4, kernel: 3, stride: 1, padding: "same", bias: true, rewire: true } as const;
const end: Graph = [
  { name: "flat", op: "flatten", inputs: ["pool"], order: "chw" },
  { name: "fc", op: "dense", inputs: ["flat"], units: 3, bias: true, rewire: true },
];
const pooled: Graph = [
  { ...conv, name: "conv", inputs: ["input"] },
  { name: "relu", op: "relu", inputs: ["conv"] },
  { name: "pool", op: "maxpool", inputs: ["relu"], size: 2, stride: 2 },
];

test("a pool that alone reads a ReLU comes before it, and each is named after its place", () => {
  assert.deepEqual(poolingFirst([...pooled, ...end]), [
    pooled[0],
    { name: "relu", op: "maxpool", inputs: ["conv"], size: 2, stride: 2 },
    { name: "pool", op: "relu", inputs: ["relu"] },
    ...end,
  ]);
});

test("a ReLU that another layer reads too, and one before a mean, stay where they are", () => {
  const twice: Graph = [...pooled, { name: "again", op: "relu", inputs: ["relu"] }];
  assert.deepEqual(poolingFirst(twice), twice);
  const mean: Graph = pooled.map((layer) => (layer.op === "maxpool" ? { ...layer, op: "avgpool" } : layer));
  assert.deepEqual(poolingFirst(mean), mean);
});

/** Logits and image gradients. */
function resultsOn(device: Device, network: Network, images: Float32Array, gradient: Float32Array) {
  const inference = new TensorflowInference(network, device, constantParameters(device, network));
  const result = inference.inputGradient(images, () => gradient);
  inference.dispose();
  return result;
}

function deviceOf(oneDnn: "0" | "1"): Device {
  assert.ok(tensorflow !== null);
  const device = new Device(loadBinding(tensorflow.installation).binding);
  const before = process.env.TF_ENABLE_ONEDNN_OPTS;
  process.env.TF_ENABLE_ONEDNN_OPTS = oneDnn;
  assert.ok(!(oneDnn === "0" && hasOneDnn(device)));
  if (before === undefined) delete process.env.TF_ENABLE_ONEDNN_OPTS;
  else process.env.TF_ENABLE_ONEDNN_OPTS = before;
  return device;
}

test("a network gives the same bits in both orders", { skip: tensorflowSkip }, () => {
  const network = smallNetwork({ graph: [...pooled, ...end], input: [6, 6, 2], classes: 3 });
  const images = waveImages(5, network.input);
  const device = deviceOf("1");
  const gradient = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const given = resultsOn(device, network, images, gradient);
  // A second reader keeps the order as it is and adds 0 to the logits.
  const tail: Graph = [
    { name: "aside", op: "maxpool", inputs: ["relu"], size: "global", stride: 1 },
    { name: "flatAside", op: "flatten", inputs: ["aside"], order: "chw" },
    { name: "none", op: "dense", inputs: ["flatAside"], units: 3, bias: false, rewire: true },
    { name: "logits", op: "add", inputs: ["fc", "none"] },
  ];
  const kept = smallNetwork({ graph: [...pooled, ...end, ...tail], input: [6, 6, 2], classes: 3 });
  const zero = { type: "dense", shape: [3, 4], values: new Float32Array(12) } as const;
  const tensors = new Map([...kept.tensors, ...network.tensors, ["none.weight", zero]]);
  assert.deepEqual(resultsOn(device, { ...kept, tensors }, images, gradient), given);
  assert.ok(given.gradient.some((value) => value !== 0));
});

test("with the ops of oneDNN a network gives what it gives without", {
  skip: tensorflowSkip || (hasOneDnn(deviceOf("1")) ? false : "TensorFlow has no oneDNN on this machine"),
}, () => {
  const [fused, plain] = [deviceOf("1"), deviceOf("0")];
  fc.assert(
    fc.property(recipes, (recipe) => {
      const { images, logitGradient } = batchOf(recipe);
      const network = networkOf(recipe);
      const ours = resultsOn(fused, network, images, logitGradient);
      const theirs = resultsOn(plain, network, images, logitGradient);
      assertNear(ours.logits, theirs.logits, 1e-5, "logits");
      assertNear(ours.gradient, theirs.gradient, 1e-5, "gradient");
    }),
    { seed: 5, numRuns: process.env.SPARSE_ROBUST_SLOW ? 1000 : 100 },
  );
});

// With oneDNN's own kernel this ended the process, or left it with wrong numbers.
for (const [channels, size, stride] of [
  [8, 16, 2],
  [3, 9, 2],
  [17, 7, 3],
] as const) {
  test(`the gradient of a 1×1 kernel with stride ${stride} on ${size}×${size} positions of ${channels} channels is the plain one`, {
    skip: tensorflowSkip,
  }, () => {
    assert.ok(tensorflow !== null);
    const graph: Graph = [
      { ...conv, name: "first", inputs: ["input"], filters: channels, bias: false },
      { ...conv, name: "second", inputs: ["first"], filters: 2 * channels, kernel: 1, stride, bias: false },
      { name: "mean", op: "avgpool", inputs: ["second"], size: "global", stride: 1 },
      { name: "flat", op: "flatten", inputs: ["mean"], order: "chw" },
    ];
    const network = smallNetwork({ graph, input: [size, size, 2], classes: 2 * channels });
    const images = waveImages(9, network.input);
    const [ours, theirs] = [tensorflow, plainEngine].map((engine) => {
      const training = engine.train(network, { rules: new Map() });
      for (let pass = 0; pass < 20; pass++) {
        const tape = training.forward(images);
        training.backward(tape, tape.logits.map(Math.tanh));
      }
      const gradients = ["second", "first"].map((layer) => training.gradient(`${layer}.weight`));
      training.dispose();
      return gradients;
    });
    for (const [i, gradient] of (ours ?? []).entries()) assertNear(gradient, theirs?.[i] ?? [], 1e-4, `gradient ${i}`);
    assert.ok(ours?.[0]?.some((value) => Math.abs(value) > 1e-3));
  });
}
