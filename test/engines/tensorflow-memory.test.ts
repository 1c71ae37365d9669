/** No memory on the device: the message says what was tried and what to try, nothing is left behind, and the batch is chosen smaller. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure } from "../../src/cli/exit.js";
import { ResourceError } from "../../src/core/errors.js";
import type { Binding } from "../../src/engines/tensorflow/binding.js";
import { Device } from "../../src/engines/tensorflow/device.js";
import { advised } from "../../src/engines/tensorflow/memory-advice.js";
import type { Network } from "../../src/models/network.js";
import { everyLayer, networkOf, waveImages } from "../support/small-networks.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";

/** What the addon throws, word for word. */
const PLACE = "/job:localhost/replica:0/task:0/device:GPU:0";
const refusals = [
  `Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[128,32,32,64] and type float on ${PLACE} by allocator GPU_0_bfc`,
  "Invalid TF_Status: 8\nMessage: failed to allocate memory",
  "Invalid TF_Status: 13\nMessage: Failed copying input tensor from /job:localhost/replica:0/task:0/device:CPU:0 to /job:localhost/replica:0/task:0/device:GPU:0 in order to run Mul: Dst tensor is not initialized.",
  "Invalid TF_Status: 5\nMessage: No algorithm worked! Error messages:\n  Profiling failure on CUDNN engine 1: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 4304798720 bytes.",
  "Invalid TF_Status: 13\nMessage: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
];

/** An addon whose every op fails with this message. */
function refusing(message: string): Device {
  const kinds = { TF_FLOAT: 1, TF_INT32: 3, TF_INT64: 9, TF_BOOL: 10, TF_ATTR_STRING: 0, TF_ATTR_INT: 1 };
  const binding: Binding = {
    ...{ TF_Version: "0", ...kinds, TF_ATTR_FLOAT: 2, TF_ATTR_BOOL: 3, TF_ATTR_TYPE: 4 },
    isUsingGpuDevice: () => true,
    getNumOfTensors: () => 0,
    createTensor: () => 1,
    deleteTensor() {},
    tensorDataSync: () => new Float32Array(0),
    executeOp() {
      throw new Error(message);
    },
  };
  return new Device(binding);
}

for (const message of refusals) {
  const told = message.split("Message: ")[1]?.split("\n")[0] ?? "";
  test(`"${told.slice(0, 60)}" says the size tried and the next to try, and ends with exit code 3`, () => {
    const fail = (images: number) => () => advised(images, () => refusing(message).run("Relu", []));
    assert.throws(fail(128), (error: Error) => {
      assert.ok(error instanceof ResourceError);
      assert.equal(
        error.message,
        `the tensorflow engine ran out of memory (${told}) at 128 images a batch; try --batch-size 64`,
      );
      assert.equal(describeFailure(error).code, 3);
      return true;
    });
    assert.throws(fail(100), /at 100 images a batch; try --batch-size 64$/);
    assert.throws(fail(1), /at 1 image a batch; use a narrower network$/);
  });
}

test("another failure of the addon stays what it is", () => {
  const device = refusing("Invalid TF_Status: 3\nMessage: Incompatible shapes: [2] vs. [3] [Op:Mul]");
  assert.throws(
    () => advised(4, () => device.run("Mul", [])),
    (error: Error) => {
      assert.ok(!(error instanceof ResourceError));
      return /Incompatible shapes/.test(error.message);
    },
  );
});

/** Small weights, and 17 GB of activations an image. */
function tooWide(): Network {
  const filters = 65_535;
  return networkOf({
    graph: [
      {
        ...{ name: "conv", op: "conv", inputs: ["input"], filters, kernel: 1, stride: 1, padding: "valid" },
        ...{ bias: false, rewire: true },
      },
      { name: "pool", op: "avgpool", inputs: ["conv"], size: "global", stride: 1 },
      { name: "flat", op: "flatten", inputs: ["pool"], order: "chw" },
    ],
    input: [256, 256, 1],
    classes: filters,
  });
}

const told =
  /ran out of memory \(OOM when allocating tensor with shape.*\) at 100 images a batch; try --batch-size 64$/;
const images = new Float32Array(100 * 256 * 256);

test("a batch for which TensorFlow itself finds no memory is told so, leaves no tensor, and the engine goes on", {
  skip: tensorflowSkip,
}, () => {
  assert.ok(tensorflow !== null);
  const [large, small] = [tensorflow.infer(tooWide()), tensorflow.infer(everyLayer())];
  const before = tensorflow.tensors();
  // TensorFlow waits ten seconds for memory.
  assert.throws(() => large.logits(images), told);
  assert.equal(tensorflow.tensors(), before);
  assert.equal(small.logits(waveImages(2, small.input)).length, 6);
  large.dispose();
  small.dispose();
});

test("every kind of pass says so", {
  skip: tensorflowSkip || (process.env.SPARSE_ROBUST_SLOW ? false : "SPARSE_ROBUST_SLOW=1 runs it"),
}, () => {
  assert.ok(tensorflow !== null);
  const engine = tensorflow;
  const before = engine.tensors();
  const inference = engine.infer(tooWide());
  const held = engine.tensors();
  assert.throws(() => inference.inputGradient(images, (logits) => logits), told);
  const ascent = inference.ascend({
    ...{ images, origin: images, lossGradient: (logits: Float32Array) => logits },
    ...{ norm: "linf", epsilon: 0.1, stepSize: 0.1, bounds: [0, 1] },
  });
  assert.throws(() => ascent.advance(1), told);
  ascent.dispose();
  assert.equal(engine.tensors(), held);
  inference.dispose();
  const training = engine.train(tooWide(), { rules: new Map() });
  assert.throws(() => training.forward(images), told);
  training.dispose();
  assert.equal(engine.tensors(), before);
});

test("TensorFlow is asked to take a card's memory as it needs it, before it is loaded", {
  skip: tensorflowSkip,
}, () => {
  assert.equal(process.env.TF_FORCE_GPU_ALLOW_GROWTH, "true");
});
