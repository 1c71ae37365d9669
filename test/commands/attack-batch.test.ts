import assert from "node:assert/strict";
import { test } from "node:test";
import { measuredBatch } from "../../src/commands/attack-batch.js";
import { ResourceError } from "../../src/core/errors.js";
import type { Inference } from "../../src/engines/engine.js";
import { plainEngine } from "../support/plain-engine.js";
import { everyLayer, waveImages } from "../support/small-networks.js";

const network = everyLayer();
const size = 5 * 6 * 2;

/** Gives logits at once for any number of images; has memory for so many. */
function withMemoryFor(most: number): Inference {
  return {
    ...{ input: network.input, classes: 3, dispose() {} },
    logits(images) {
      const count = images.length / size;
      if (count > most) throw new ResourceError("no memory");
      return new Float32Array(3 * count);
    },
    inputGradient: () => assert.fail("only forward passes are measured"),
    ascend: () => assert.fail("only forward passes are measured"),
  };
}

const choice = { network, images: (count: number) => waveImages(count, network.input), samples: 10_000 };

test("a size for which the engine has no memory is not taken", () => {
  assert.equal(measuredBatch({ ...choice, inference: withMemoryFor(128) }), 128);
  assert.ok(measuredBatch({ ...choice, inference: withMemoryFor(300) }) <= 256);
  assert.throws(() => measuredBatch({ ...choice, inference: withMemoryFor(10) }), ResourceError);
});

test("where the engine has memory of its own, a size is taken for which gradients have a place as well", () => {
  const tried: number[] = [];
  const withPlaceFor = (most: number): Inference => ({
    ...withMemoryFor(10 * most),
    inputGradient(images, lossGradient) {
      const count = images.length / size;
      tried.push(count);
      if (count > most) throw new ResourceError("no memory");
      const logits = new Float32Array(3 * count);
      return { logits, gradient: lossGradient(logits) };
    },
  });
  const measured = (most: number, samples = 10_000) =>
    measuredBatch({ ...choice, samples, inference: withPlaceFor(most), hasOwnMemory: true });
  assert.equal(measured(128), 128);
  assert.equal(measured(100), 64);
  assert.deepEqual(tried.splice(0).slice(-2), [128, 64]);
  assert.equal(measured(3), 2);
  assert.equal(measured(50, 60), 32);
  assert.throws(() => measured(0), ResourceError);
  assert.equal(measuredBatch({ ...choice, inference: withMemoryFor(128) }), 128);
});

test("few samples are not worth a measurement", () => {
  const inference = plainEngine.infer(network);
  const untouched = {
    ...inference,
    ...network,
    logits: () => assert.fail("nothing is measured"),
    inputGradient: inference.inputGradient,
    ascend: inference.ascend,
    dispose() {},
  };
  assert.equal(measuredBatch({ ...choice, inference: untouched, samples: 200 }), 128);
});
