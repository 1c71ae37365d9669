import assert from "node:assert/strict";
import { test } from "node:test";
import { lossGradients } from "../../src/pruning/loss-gradients.js";
import { maskedNetwork } from "../../src/pruning/masked-network.js";
import { withStatisticsAgain } from "../../src/pruning/statistics-again.js";
import { meanCrossEntropy } from "../../src/training/objectives/mean-loss.js";
import type { Samples } from "../../src/training/samples.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution } from "../support/pruning-network.js";

const dense = smallConvolution();
const pruned = maskedNetwork(dense, new Map([["conv1", Uint32Array.of(0, 7, 20)]]));

test("running statistics become those of the pruned network; weights, gamma and beta stay", () => {
  const source = { samples: pictures(24), augment: null, batchSize: 8, remainder: "keep", seed: 1 } as const;
  const again = (batches: number) =>
    withStatisticsAgain({ engine: plainEngine, network: pruned, source, batches, variance: "biased" });
  const { network, images } = again(60);
  assert.equal(images, 60 * 8);
  for (const name of ["conv1.weight", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias"])
    assert.deepEqual(network.tensors.get(name), pruned.tensors.get(name), name);
  const mean = network.tensors.get("bn1.running_mean")?.values ?? new Float32Array(0);
  const further = again(200).network.tensors.get("bn1.running_mean")?.values;
  assert.notDeepEqual(mean, pruned.tensors.get("bn1.running_mean")?.values);
  for (const [channel, value] of mean.entries()) assert.ok(Math.abs(value - (further?.[channel] ?? 0)) < 0.02);
  assert.equal(again(0).images, 0);
});

test("the gradients that SNIP starts from are those of the mean cross-entropy of clean images, by finite differences", () => {
  const batch = { images: imageBatch(dense, 6), labels: Uint8Array.of(0, 1, 2, 0, 1, 2) };
  const gradients = lossGradients({ engine: plainEngine, network: dense, layers: ["conv1", "fc"], batch });
  const kernel = dense.tensors.get("fc.weight");
  assert.ok(kernel?.type === "dense");
  const lossAt = (position: number, change: number) => {
    const values = kernel.values.slice();
    values[position] = (values[position] ?? 0) + change;
    const tensors = new Map([...dense.tensors, ["fc.weight", { ...kernel, values }] as const]);
    const training = plainEngine.train({ ...dense, tensors }, { rules: new Map() });
    return meanCrossEntropy(training.forward(batch.images).logits, batch.labels).loss;
  };
  for (const position of [0, 5, 11]) {
    const slope = (lossAt(position, 1e-2) - lossAt(position, -1e-2)) / 2e-2;
    assert.ok(Math.abs((gradients.get("fc")?.[position] ?? 0) - slope) < 1e-3);
  }
  assert.equal(gradients.get("conv1")?.length, 36);
});

function pictures(size: number): Samples {
  const images = imageBatch(dense, size, 5);
  const pixels = images.length / size;
  const read = (indices: Uint32Array) => {
    const batch = new Float32Array(indices.length * pixels);
    for (const [place, index] of indices.entries())
      batch.set(images.subarray(index * pixels, (index + 1) * pixels), place * pixels);
    return batch;
  };
  return { size, shape: dense.input, labels: new Uint8Array(size), read };
}
