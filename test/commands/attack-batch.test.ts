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
