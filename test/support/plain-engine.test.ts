import assert from "node:assert/strict";
import { test } from "node:test";
import { normalAt } from "../../src/core/rng.js";
import type { StateTensor, StepOptions, TrainingOptions } from "../../src/engines/engine.js";
import type { ConvLayer, Graph } from "../../src/models/graph.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { mortalStepInto } from "../../src/training/sgdw.js";
import { assertClose } from "./assert-close.js";
import { plainEngine } from "./plain-engine.js";
import { type Mode, runBackward, runForward } from "./plain-network.js";
import { everyEntry } from "./plain-parameters.js";
import { everyLayer, networkOf, waveImages } from "./small-networks.js";

const network = everyLayer();
const images = waveImages(3, network.input);
/** The loss of the finite differences: these weights times the logits. */
const above = Float32Array.from({ length: 9 }, (_, i) => Math.cos(1.1 * i + 0.4));

for (const mode of ["inference", "training"] as const) {
  test(`the ${mode} pass has the image gradient that finite differences give`, () => {
    const parameters = parametersOf(network);
    const pass = runForward(network, parameters, images, mode);
    const { images: gradient } = runBackward(network, parameters, pass, { logitGradient: above, wanted: "all" });
    const differences = images.map((_, i) => difference(images, i, (moved) => lossAt(parameters, moved, mode)));
    assertClose(gradient, differences, 2e-5);
  });

  test(`the ${mode} pass has the parameter gradients that finite differences give`, () => {
    const parameters = parametersOf(network);
    const pass = runForward(network, parameters, images, mode);
    const gradients = runBackward(network, parameters, pass, { logitGradient: above, wanted: "all" }).parameters;
    for (const [name, values] of parameters) {
      if (name.includes("running")) continue;
      const loss = (moved: Float32Array) => lossAt(new Map(parameters).set(name, moved), images, mode);
      const differences = values.map((_, i) => difference(values, i, loss));
      assertClose(gradients.get(name) ?? [], differences, 5e-5);
    }
  });
}

test("a convolution places its zeros as TensorFlow does for an even size and stride 2, as PyTorch does for a number", () => {
  const ones = networkOfKernel(Float32Array.from({ length: 9 }, (_, i) => i + 1));
  const image = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  // Only the first pixel is set: an output shows the tap of the kernel that lies on it.
  assert.deepEqual([...plainEngine.infer(ones({ padding: "same", stride: 2 })).logits(image)], [1, 0, 0, 0]);
  assert.deepEqual([...plainEngine.infer(ones({ padding: 1, stride: 2 })).logits(image)], [5, 0, 0, 0]);
  assert.deepEqual([...plainEngine.infer(ones({ padding: "valid", stride: 1 })).logits(image)], [1, 0, 0, 0]);
});

test("a max pool gives its gradient to the first of equal maxima and drops an incomplete window", () => {
  const graph: Graph = [
    { name: "pool", op: "maxpool", inputs: ["input"], size: 2, stride: 2 },
    { name: "flat", op: "flatten", inputs: ["pool"], order: "chw" },
  ];
  const inference = plainEngine.infer(networkOf({ graph, input: [2, 3, 1], classes: 1 }));
  const pass = inference.inputGradient(Float32Array.of(0, 3, 9, 3, 3, 9), () => Float32Array.of(1));
  assert.deepEqual([...pass.logits], [3]);
  assert.deepEqual([...pass.gradient], [0, 1, 0, 0, 0, 0]);
});

test("flatten keeps channels together in order chw and positions together in order hwc", () => {
  const flattened = (order: "chw" | "hwc") => {
    const graph: Graph = [{ name: "flat", op: "flatten", inputs: ["input"], order }];
    return [
      ...plainEngine.infer(networkOf({ graph, input: [1, 2, 2], classes: 4 })).logits(Float32Array.of(1, 2, 3, 4)),
    ];
  };
  assert.deepEqual(flattened("chw"), [1, 3, 2, 4]);
  assert.deepEqual(flattened("hwc"), [1, 2, 3, 4]);
});

test("a network given as connections computes what the dense one does", () => {
  const sparse = new Map([...network.tensors].map(([name, tensor]) => [name, asConnections(name, tensor)]));
  const logits = plainEngine.infer({ ...network, tensors: sparse }).logits(images);
  assert.deepEqual(logits, plainEngine.infer(network).logits(images));
});

test("two steps of a mortal layer give the golden vector, the dormant one with its momentum from the state", () => {
  const training = goldenTraining();
  assert.deepEqual([...stepWith(training, [1, 2, 0.3, -0.5], goldenStep)], [1]);
  const first = training.state();
  assertClose(first.get("fc.weight.dead.value")?.values ?? [], [0.2089, -0.048, 0.0490005], 1e-7);
  assertClose(first.get("fc.weight.dead.momentum")?.values ?? [], [0.009, -0.048, 0.05], 1e-7);
  assert.deepEqual([...stepWith(training, [0.2, 0, 0.1, -0.5], goldenStep)], [1]);
  const weight = training.tensors().get("fc.weight");
  assert.ok(weight?.type === "connections");
  assert.deepEqual([...weight.index], [0]);
  assertClose(weight.values, [0.289550125], 1e-7);
  assertClose(training.state().get("fc.weight.dead.value")?.values ?? [], [0.21689555, -0.091176, 0.093976], 1e-7);
});

test("a mortal layer steps bit for bit as the plain definition, with noise and through a revival", () => {
  const kernel = {
    theta: Float32Array.of(0.5, -0.2, 0.01, 0.001),
    momentum: Float32Array.of(0, 0.3, -0.02, 0),
    sign: Int8Array.of(1, -1, 1, -1),
  };
  const training = mortalTraining([0.5, 0.01, -0.001], [0, 2, 3], {
    momentum: [0, -0.02, 0],
    dead: { index: [1], value: [0.2], momentum: [-0.3] },
  });
  for (const [step, gradient] of [
    [1, 2, 0.3, -0.5],
    [0.2, 0, 0.1, -0.5],
    [-3, 1, 2, 0.5],
  ].entries()) {
    const noise = { deviation: 0.01, seed: 5, step };
    const connected = mortalStepInto(kernel, {
      ...goldenStep,
      gradient: Float32Array.from(gradient),
      noise: { deviation: 0.01, normal: (position) => normalAt(5, "noise", step, 0, position) },
    });
    assert.deepEqual([...stepWith(training, gradient, { ...goldenStep, noise })], [connected]);
    const weight = training.tensors().get("fc.weight");
    assert.ok(weight?.type === "connections");
    const expected = kernel.theta.map((theta, i) => (kernel.sign[i] ?? 1) * Math.max(theta, 0));
    assertClose(everyEntry(weight), expected, 0);
  }
});

test("a run restored from tensors and state goes on with the same bits", () => {
  const unbroken = goldenTraining();
  stepWith(unbroken, [1, 2, 0.3, -0.5], goldenStep);
  const restored = plainEngine.train(
    { ...goldenNetwork([], []), tensors: unbroken.tensors() },
    { rules: new Map([["fc", "mortal"]]), state: unbroken.state() },
  );
  for (const training of [unbroken, restored]) stepWith(training, [0.2, 0, 0.1, -0.5], goldenStep);
  assert.deepEqual(restored.tensors(), unbroken.tensors());
  assert.deepEqual(restored.state(), unbroken.state());
});

test("a masked layer keeps its connections, through a value of 0 too, and collects all gradients when asked", () => {
  const masked = goldenNetwork([0.5, 0], [0, 3]);
  const training = plainEngine.train(masked, { rules: new Map([["fc", "masked"]]), fullGradients: new Set(["fc"]) });
  training.backward(training.forward(Float32Array.of(1, 2, 3, 4)), Float32Array.of(1));
  assert.deepEqual([...training.gradient("fc.weight")], [1, 2, 3, 4]);
  const step: StepOptions = { ...goldenStep, rule: "sgd", weightDecay: 0.5 };
  assert.deepEqual([...training.step(step)], [2]);
  const weight = training.tensors().get("fc.weight");
  assert.ok(weight?.type === "connections");
  assert.deepEqual([...weight.index], [0, 3]);
  assertClose(weight.values, [0.5 - 0.1 * (1 + 0.5 * 0.5), -0.4], 1e-7);
});

test("reconnecting moves connections, keeps the momentum of the recently dead and forgets it on request", () => {
  for (const resetMomentum of [false, true]) {
    const training = goldenTraining();
    const values = Float32Array.of(-0.25);
    training.reconnect(0, { drop: Uint32Array.of(0), grow: Uint32Array.of(1), values, resetMomentum });
    assert.deepEqual([...training.connections(0)], [1, 2, 3]);
    assertClose(training.state().get("fc.weight.momentum")?.values ?? [], [resetMomentum ? 0 : 0.01, -0.02, 0], 1e-8);
  }
  const refused = () =>
    goldenTraining().reconnect(0, { drop: Uint32Array.of(1), grow: Uint32Array.of(), values: above });
  assert.throws(refused, /fc.weight: 1 is not connected/);
});

test("running statistics move towards the batch's by the layer's share, biased or not", () => {
  const graph: Graph = [
    { name: "bn", op: "batchnorm", inputs: ["input"], epsilon: 1e-5, momentum: 0.25 },
    { name: "flat", op: "flatten", inputs: ["bn"], order: "chw" },
  ];
  for (const [variance, expected] of [
    ["biased", 0.75 * 1.2 + 0.25 * 4],
    ["unbiased", 0.75 * 1.2 + 0.25 * 8],
  ] as const) {
    const training = plainEngine.train(withStatistics(graph, 2, 1.2), { rules: new Map() });
    const tape = training.forward(Float32Array.of(1, 5));
    training.updateStatistics(tape, variance);
    training.discard(tape);
    assertClose(training.tensors().get("bn.running_mean")?.values ?? [], [0.75 * 2 + 0.25 * 3], 1e-6);
    assertClose(training.tensors().get("bn.running_var")?.values ?? [], [expected], 1e-6);
  }
});

test("at most two tapes live, and an ended one is refused", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const tape = training.forward(images);
  training.forward(images);
  assert.throws(() => training.forward(images), /2 tapes are live/);
  training.discard(tape);
  assert.throws(() => training.backward(tape, above), /ended/);
});

test("with only batch-norm trainable nothing else moves", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  training.backward(training.forward(images), above);
  training.step({ ...goldenStep, trainable: "batchnorm" });
  const moved = [...training.tensors()].filter(([name, tensor]) => !sameValues(tensor, network.tensors.get(name)));
  assert.deepEqual(
    moved.map(([name]) => name),
    ["bn1.weight", "bn1.bias"],
  );
});

test("the first layer that is not finite is named", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  training.forward(images);
  assert.equal(training.firstNonFinite(), null);
  training.forward(images.with(0, Number.NaN));
  assert.equal(training.firstNonFinite(), "scale");
});

const goldenStep: StepOptions = {
  rule: "sgdw",
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 5e-4,
  trainable: "all",
};

/** One output of four inputs, so that the weights' gradient is the image. */
function goldenNetwork(values: number[], index: number[]): Network {
  const graph: Graph = [
    { name: "flat", op: "flatten", inputs: ["input"], order: "chw" },
    { name: "fc", op: "dense", inputs: ["flat"], units: 1, bias: false, rewire: true },
  ];
  const weight: Tensor = {
    type: "connections",
    shape: [1, 4],
    index: Uint32Array.from(index),
    values: Float32Array.from(values),
  };
  return { graph, input: [1, 4, 1], classes: 1, tensors: new Map([["fc.weight", weight]]) };
}

function goldenTraining() {
  return mortalTraining([0.5, 1e-12, -0.001], [0, 2, 3], {
    momentum: [0, -0.02, 0],
    dead: { index: [1], value: [0.2], momentum: [0.01] },
  });
}

function mortalTraining(
  values: number[],
  index: number[],
  state: { momentum: number[]; dead: { index: number[]; value: number[]; momentum: number[] } },
) {
  const floats = (numbers: number[]): StateTensor => ({ type: "f32", values: Float32Array.from(numbers) });
  const options: TrainingOptions = {
    rules: new Map([["fc", "mortal"]]),
    state: new Map<string, StateTensor>([
      ["fc.weight.momentum", floats(state.momentum)],
      ["fc.weight.dead.index", { type: "u32", values: Uint32Array.from(state.dead.index) }],
      ["fc.weight.dead.value", floats(state.dead.value)],
      ["fc.weight.dead.momentum", floats(state.dead.momentum)],
    ]),
  };
  return plainEngine.train(goldenNetwork(values, index), options);
}

function stepWith(training: ReturnType<typeof goldenTraining>, gradient: number[], options: StepOptions): Int32Array {
  training.backward(training.forward(Float32Array.from(gradient)), Float32Array.of(1));
  return training.step(options);
}

function networkOfKernel(weight: Float32Array) {
  return (options: Pick<ConvLayer, "padding" | "stride">): Network => {
    const conv = {
      name: "conv",
      op: "conv",
      inputs: ["input"],
      filters: 1,
      kernel: 3,
      bias: false,
      rewire: true,
    } as const;
    const graph: Graph = [
      { ...conv, ...options },
      { name: "flat", op: "flatten", inputs: ["conv"], order: "chw" },
    ];
    const tensor: Tensor = { type: "dense", shape: [1, 1, 3, 3], values: weight };
    return { graph, input: [4, 4, 1], classes: 4, tensors: new Map([["conv.weight", tensor]]) };
  };
}

function withStatistics(graph: Graph, mean: number, variance: number): Network {
  const filled = networkOf({ graph, input: [1, 1, 1], classes: 1 });
  const one = (value: number): Tensor => ({ type: "dense", shape: [1], values: Float32Array.of(value) });
  const tensors = new Map(filled.tensors).set("bn.running_mean", one(mean)).set("bn.running_var", one(variance));
  return { ...filled, tensors };
}

function asConnections(name: string, tensor: Tensor): Tensor {
  if (!name.endsWith(".weight") || name.startsWith("bn")) return tensor;
  const index = Uint32Array.from({ length: tensor.values.length }, (_, i) => i);
  return { type: "connections", shape: tensor.shape, index, values: tensor.values };
}

function sameValues(a: Tensor, b: Tensor | undefined): boolean {
  return b !== undefined && everyEntry(a).every((value, i) => value === everyEntry(b)[i]);
}

function parametersOf({ tensors }: Network): Map<string, Float32Array> {
  return new Map([...tensors].map(([name, tensor]) => [name, everyEntry(tensor)]));
}

function lossAt(parameters: ReadonlyMap<string, Float32Array>, at: Float32Array, mode: Mode): number {
  const logits = runForward(network, parameters, at, mode).outputs.get("logits")?.data ?? new Float64Array(0);
  return logits.reduce((sum, logit, i) => sum + logit * (above[i] ?? 0), 0);
}

/** Central difference along entry `i`, with the step that float32 really takes. */
function difference(values: Float32Array, i: number, loss: (moved: Float32Array) => number): number {
  const up = values.with(i, (values[i] ?? 0) + 2 ** -13);
  const down = values.with(i, (values[i] ?? 0) - 2 ** -13);
  return (loss(up) - loss(down)) / ((up[i] ?? 0) - (down[i] ?? 0));
}
