import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceError, UsageError } from "../../src/core/errors.js";
import { loadAddon } from "../../src/engines/addon.js";
import type { StepOptions } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { batchOf, networkOf, type Recipe } from "../support/random-network.js";

const native = nativeEngine({ reason: "tests", threads: 2 });

const recipe: Recipe = {
  input: [5, 4, 2],
  classes: 3,
  batch: 3,
  seed: 7,
  layers: [
    [0, 3, 1, 0],
    [12, 0, 0, 0],
  ],
};
const network = networkOf(recipe);
const { images, logitGradient } = batchOf(recipe);

function withTensor(name: string, tensor: object): Network {
  return {
    ...network,
    tensors: new Map([...network.tensors, [name, { ...network.tensors.get(name), ...tensor } as Tensor]]),
  };
}

test("images of a wrong type or length are errors that name the argument", () => {
  const inference = native.infer(network);
  const wrong = (value: unknown) => value as Float32Array;
  assert.throws(() => inference.logits(wrong([1, 2])), { name: "TypeError", message: /images must be a Float32Array/ });
  assert.throws(() => inference.logits(wrong(new Float64Array(40))), { name: "TypeError", message: /images/ });
  assert.throws(() => inference.logits(new Float32Array(41)), {
    name: "RangeError",
    message: /images has 41 .* multiple of 40/,
  });
  assert.throws(() => inference.logits(new Float32Array(0)), { name: "RangeError", message: /images has 0/ });
});

test("a gradient of the loss of a wrong type or length is an error, and the next call works", () => {
  const inference = native.infer(network);
  const answers = [new Float32Array(8), [], null, undefined, new Uint32Array(9)];
  for (const answer of answers) {
    assert.throws(() => inference.inputGradient(images, () => answer as Float32Array), /the result of lossGradient/);
  }
  assert.throws(
    () =>
      inference.inputGradient(images, () => {
        throw new SyntaxError("from the loss");
      }),
    { name: "SyntaxError", message: "from the loss" },
  );
  assert.throws(() => inference.inputGradient(images, 5 as never), { name: "TypeError", message: /lossGradient/ });
  assert.equal(inference.inputGradient(images, () => logitGradient).gradient.length, images.length);
});

test("a loss may ask for logits, but not for another gradient of the same network", () => {
  const inference = native.infer(network);
  const plain = inference.inputGradient(images, () => logitGradient);
  const nested = inference.inputGradient(images, () => {
    inference.logits(new Float32Array(40 * 200));
    return logitGradient;
  });
  assert.deepEqual(nested, plain);
  const twice = () =>
    inference.inputGradient(images, () => inference.inputGradient(images, () => logitGradient).logits);
  assert.throws(twice, /another gradient on the same network/);
});

test("an ascent's numbers are checked", () => {
  const problem = {
    images,
    origin: images,
    lossGradient: () => logitGradient,
    norm: "linf",
    epsilon: 0.1,
    stepSize: 0.1,
    bounds: [0, 1],
  } as const;
  const inference = native.infer(network);
  assert.throws(() => inference.ascend({ ...problem, origin: images.slice(1) }), {
    name: "RangeError",
    message: /origin has 119/,
  });
  assert.throws(() => inference.ascend({ ...problem, epsilon: Number.NaN }), {
    name: "RangeError",
    message: /epsilon must be finite/,
  });
  assert.throws(() => inference.ascend({ ...problem, epsilon: -1 }), { name: "RangeError", message: /epsilon/ });
  assert.throws(() => inference.ascend({ ...problem, bounds: [1, 0] }), { name: "RangeError", message: /bounds/ });
  assert.throws(() => inference.ascend({ ...problem, norm: "l1" as "l2" }), {
    name: "RangeError",
    message: /norm is "l1"/,
  });
  const ascent = inference.ascend(problem);
  for (const steps of [-1, 0.5, Number.NaN])
    assert.throws(() => ascent.advance(steps), { name: "RangeError", message: /steps/ });
  ascent.dispose();
  assert.throws(() => ascent.advance(1), /ascent was disposed/);
});

test("tensors that do not fit the graph are errors that name them", () => {
  const infer = (changed: Network) => () => native.infer(changed);
  assert.throws(infer(withTensor("layer0.weight", { type: "dense", values: new Float32Array(3), index: undefined })), {
    name: "RangeError",
    message: /layer0.weight has 3/,
  });
  const connections = { type: "connections", values: new Float32Array(2) };
  for (const index of [
    [3, 3],
    [5, 4],
    [0, 4_000_000],
  ]) {
    const tensor = { ...connections, index: Uint32Array.from(index) };
    assert.throws(infer(withTensor("layer0.weight", tensor)), {
      name: "RangeError",
      message: /layer0.weight index: positions must ascend/,
    });
  }
  assert.throws(
    infer(withTensor("layer0.weight", { ...connections, index: Uint32Array.of(1) })),
    /layer0.weight values has 2/,
  );
  assert.throws(infer({ ...network, tensors: new Map() }), { name: "TypeError", message: /layer0.weight/ });
  assert.throws(infer({ ...network, classes: 4 }), /last layer/);
});

const options: StepOptions = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 0, trainable: "all" };

test("training's arguments are checked", () => {
  const sparse = withTensor("layer0.weight", {
    type: "connections",
    values: Float32Array.of(1, 2, -1),
    index: Uint32Array.of(1, 5, 9),
  });
  const training = native.train(sparse, { rules: new Map([["layer0", "mortal"]]) });
  assert.throws(() => training.step({ ...options, rule: "adam" as "sgd" }), {
    name: "RangeError",
    message: /rule is "adam"/,
  });
  assert.throws(() => training.step({ ...options, learningRate: Number.NaN }), {
    name: "RangeError",
    message: /learningRate/,
  });
  assert.throws(() => training.step({ ...options, noise: { deviation: 1, seed: -1, step: 0 } }), {
    name: "RangeError",
    message: /seed is -1/,
  });
  const change = { drop: new Uint32Array(0), grow: new Uint32Array(0), values: new Float32Array(0) };
  assert.throws(() => training.reconnect(0, { ...change, drop: Uint32Array.of(2) }), {
    name: "RangeError",
    message: /drop: position 2 is not connected/,
  });
  assert.throws(() => training.reconnect(0, { ...change, drop: Uint32Array.of(5, 1) }), {
    name: "RangeError",
    message: /drop: positions must ascend/,
  });
  const grown = { ...change, grow: Uint32Array.of(5), values: Float32Array.of(1) };
  assert.throws(() => training.reconnect(0, grown), {
    name: "RangeError",
    message: /grow: position 5 is connected already/,
  });
  assert.throws(
    () => training.reconnect(0, { ...grown, grow: Uint32Array.of(6), values: Float32Array.of(Number.NaN) }),
    /finite/,
  );
  assert.throws(() => training.reconnect(0, { ...grown, values: new Float32Array(2) }), {
    name: "RangeError",
    message: /values has 2/,
  });
  assert.throws(() => training.reconnect(9, change), { name: "RangeError", message: /layer is 9/ });
  assert.throws(() => training.reconnect(1, change), { name: "RangeError", message: /dense/ });
  assert.throws(() => training.attract(0, new Float32Array(12), 1), { name: "RangeError", message: /only a dense/ });
  assert.throws(() => training.attract(1, new Float32Array(1), 1), { name: "RangeError", message: /target has 1/ });
  assert.throws(() => training.attract(1, new Float32Array(504), Number.NaN), /strength/);
  assert.deepEqual([...training.connections(0)], [1, 5, 9]);
  assert.throws(() => training.gradient("layer0.wait"), { name: "RangeError", message: /layer0.wait/ });
  const tape = training.forward(images);
  assert.throws(() => training.backward(tape, new Float32Array(8)), {
    name: "RangeError",
    message: /logitGradient has 8/,
  });
  training.backward(tape, logitGradient);
  training.dispose();
  assert.throws(() => training.step(options), /training was disposed/);
  assert.throws(() => training.inference.logits(images), /inference was disposed/);
});

test("a mask given as a dense tensor is an error", () => {
  const dense = withTensor("fc.weight", { type: "dense", values: new Float32Array(504), index: undefined });
  assert.throws(() => native.train(dense, { rules: new Map([["fc", "mortal"]]) }), {
    name: "TypeError",
    message: /fc.*must come as connections/,
  });
});

test("views with an offset are read where they begin", () => {
  const shifted = (values: Float32Array) => {
    const whole = new Float32Array(values.length + 3).fill(Number.NaN);
    whole.set(values, 2);
    return whole.subarray(2, 2 + values.length);
  };
  const expected = native.infer(network).inputGradient(images, () => logitGradient);
  const tensors = new Map([...network.tensors].map(([name, t]) => [name, { ...t, values: shifted(t.values) }]));
  const actual = native.infer({ ...network, tensors }).inputGradient(shifted(images), () => shifted(logitGradient));
  assert.deepEqual(actual, expected);
});

test("an object that is no handle, or one of another kind, is a TypeError", () => {
  const addon = loadAddon();
  for (const handle of [{}, null, 3, Object.create(null)]) {
    assert.throws(() => addon.logits(handle as never, images), {
      name: "TypeError",
      message: /inference must be a handle/,
    });
    assert.throws(() => addon.dispose(handle as never), { name: "TypeError" });
  }
});

test("threads and target are checked", () => {
  for (const threads of [0, 1.5, Number.NaN, 5000])
    assert.throws(() => nativeEngine({ reason: "", threads }), UsageError);
  assert.ok(!(new UsageError("") instanceof ResourceError));
});
