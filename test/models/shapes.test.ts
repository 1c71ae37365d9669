import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/core/errors.js";
import type { ConvLayer, Graph, Layer, PoolLayer } from "../../src/models/graph.js";
import { inferShapes, parameterShapes, weightLayers } from "../../src/models/shapes.js";

const conv = (fields: Partial<ConvLayer>): ConvLayer => ({
  ...{ name: "conv1", op: "conv", inputs: ["input"], filters: 4, kernel: 3, stride: 1, padding: "same" },
  ...{ bias: false, rewire: true },
  ...fields,
});
const pool = (fields: Partial<PoolLayer>): PoolLayer => ({
  ...{ name: "pool1", op: "maxpool", inputs: ["input"], size: 2, stride: 2 },
  ...fields,
});
const flatten: Layer = { name: "flatten", op: "flatten", inputs: ["input"], order: "chw" };
const dense: Layer = { name: "fc", op: "dense", inputs: ["flatten"], units: 5, bias: true, rewire: false };

test("same padding gives the input's size over the stride, rounded up", () => {
  assert.deepEqual(shape(conv({ stride: 2 }), [7, 8, 3]), { height: 4, width: 4, channels: 4, flat: false });
});

test("valid and numbered padding count complete windows", () => {
  assert.deepEqual(shape(conv({ padding: "valid", stride: 2 }), [8, 7, 3]), {
    height: 3,
    width: 3,
    channels: 4,
    flat: false,
  });
  assert.deepEqual(shape(conv({ padding: 1, stride: 2 }), [8, 7, 3]), {
    height: 4,
    width: 4,
    channels: 4,
    flat: false,
  });
});

test("a pool drops an incomplete window, a global one leaves one position", () => {
  assert.deepEqual(shape(pool({}), [7, 5, 3]), { height: 3, width: 2, channels: 3, flat: false });
  assert.deepEqual(shape(pool({ size: 2, stride: 1 }), [4, 4, 3]), { height: 3, width: 3, channels: 3, flat: false });
  assert.deepEqual(shape(pool({ op: "avgpool", size: "global" }), [7, 5, 3]), {
    height: 1,
    width: 1,
    channels: 3,
    flat: false,
  });
});

test("flatten multiplies out and dense replaces", () => {
  const shapes = inferShapes([flatten, dense], [2, 3, 4]);
  assert.deepEqual(shapes.get("flatten"), { height: 1, width: 1, channels: 24, flat: true });
  assert.deepEqual(shapes.get("fc"), { height: 1, width: 1, channels: 5, flat: true });
});

test("kernels are [out, in, kh, kw] and [out, in] with their fan-in and output positions", () => {
  const graph: Graph = [conv({ stride: 2, bias: true }), { ...flatten, inputs: ["conv1"] }, dense];
  assert.deepEqual(weightLayers(graph, [6, 4, 3]), [
    ...[{ name: "conv1", op: "conv", shape: [4, 3, 3, 3], size: 108, rewire: true, fanIn: 27, outputPositions: 6 }],
    ...[{ name: "fc", op: "dense", shape: [5, 24], size: 120, rewire: false, fanIn: 24, outputPositions: 1 }],
  ]);
});

test("tensors come in graph order with the contract's names", () => {
  const batchNorm: Layer = { name: "bn1", op: "batchnorm", inputs: ["conv1"], epsilon: 1e-5, momentum: 0.1 };
  const graph: Graph = [conv({ bias: true }), batchNorm, { ...flatten, inputs: ["bn1"] }, { ...dense, bias: false }];
  assert.deepEqual(
    [...parameterShapes(graph, [2, 2, 1])],
    [
      ["conv1.weight", [4, 1, 3, 3]],
      ["conv1.bias", [4]],
      ["bn1.weight", [4]],
      ["bn1.bias", [4]],
      ["bn1.running_mean", [4]],
      ["bn1.running_var", [4]],
      ["fc.weight", [5, 16]],
    ],
  );
});

test("a layer that does not fit is named with the reason", () => {
  const normalize: Layer = { name: "norm", op: "normalize", inputs: ["input"], mean: [0], std: [1] };
  const sum: Layer = { name: "sum", op: "add", inputs: ["input", "conv1"] };
  refused([conv({ inputs: ["conv0"] })], /"conv1".*"conv0" is no earlier layer/);
  refused([conv({}), conv({})], /"conv1".*already taken/);
  refused([conv({ name: "input" })], /"input".*already taken/);
  refused([{ ...dense, inputs: ["input"] }], /"fc".*flat vector/);
  refused([flatten, conv({ inputs: ["flatten"] })], /"conv1".*vector of 192/);
  refused([conv({}), sum], /"sum".*8×8 with 3 channels and 8×8 with 4 channels/);
  refused([{ ...sum, inputs: ["input"] }], /"sum".*1 inputs.*takes 2/);
  refused([normalize], /"norm".*mean has 1 numbers.*3 channels/);
  refused([conv({ kernel: 9, padding: "valid" })], /"conv1".*kernel of 9/);
  refused([pool({ size: 9 })], /"pool1".*window of 9/);
});

test("a graph whose arrays could not be addressed is refused before anything is allocated", () => {
  refused([conv({ filters: 2 ** 31 })], /"conv1".*too large/);
  refused(
    [conv({ filters: 2 ** 15 }), conv({ name: "conv2", inputs: ["conv1"], filters: 2 ** 15 })],
    /"conv2".*too large/,
    true,
  );
});

function shape(layer: Layer, input: readonly [number, number, number]) {
  return inferShapes([layer], input).get(layer.name);
}

function refused(graph: Graph, message: RegExp, inKernels = false): void {
  const ask = () => (inKernels ? weightLayers(graph, [8, 8, 3]) : inferShapes(graph, [8, 8, 3]));
  assert.throws(ask, (error) => error instanceof InputError && message.test(error.message));
}
