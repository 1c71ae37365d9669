import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network } from "../../src/models/network.js";
import { scoredLayers } from "../../src/pruning/hydra.js";
import { magnitudeMasks, randomMasks } from "../../src/pruning/magnitude.js";
import { keepLargest } from "../../src/pruning/mask.js";
import { kernelValues, maskedNetwork, masksOf } from "../../src/pruning/masked-network.js";
import { prunedAtOnce } from "../../src/pruning/stages.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution } from "../support/pruning-network.js";

const kept = new Map([
  ["conv1", 12],
  ["fc", 10],
]);

test("magnitude pruning keeps the largest weights of each layer, and is where HYDRA's masks begin", () => {
  const network = smallConvolution();
  const masks = magnitudeMasks(network, kept);
  for (const [name, count] of kept)
    assert.deepEqual(masks.get(name), keepLargest(kernelValues(network, name).values, count));
  const layers = scoredLayers({ network, kept, start: "scaled", gradients: null, seed: 1 });
  assert.deepEqual(new Map(layers.map(({ name, positions }) => [name, positions])), masks);
});

test("random masks keep the same counts, differ between layers' streams and seeds, and draw every position alike", () => {
  const network = smallConvolution();
  const hits = new Uint32Array(36);
  for (let seed = 0; seed < 600; seed++)
    for (const position of randomMasks(network, kept, seed).get("conv1") ?? [])
      hits[position] = (hits[position] ?? 0) + 1;
  // 600 draws of 12 among 36: 200 a position; chi-square with 35 degrees of freedom stays below 66.6 with probability 0.999.
  const statistic = hits.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
  assert.ok(statistic < 66.6, `chi-square ${statistic}`);
  assert.equal(randomMasks(network, kept, 1).get("fc")?.length, 10);
});

test("a masked network gives the logits of the dense one with its pruned weights at zero, whatever these were", () => {
  const network = smallConvolution();
  const masks = magnitudeMasks(network, kept);
  const zeroed = withKernels(network, (name, values) => {
    const mask = new Set(masks.get(name));
    return values.map((value, position) => (mask.has(position) ? value : 0));
  });
  const perturbed = withKernels(network, (name, values) => {
    const mask = new Set(masks.get(name));
    return values.map((value, position) => (mask.has(position) ? value : value + 3));
  });
  const images = imageBatch(network, 5);
  const expected = plainEngine.infer(zeroed).logits(images);
  for (const dense of [network, perturbed])
    assert.deepEqual(plainEngine.infer(maskedNetwork(dense, masks)).logits(images), expected);
});

test("the masks of a pruned network are those that made it", () => {
  const network = smallConvolution();
  const pruned = prunedAtOnce(network, { method: "lwm", kept, seed: 1 });
  assert.deepEqual(masksOf(pruned), magnitudeMasks(network, kept));
  assert.deepEqual(masksOf(network), new Map());
});

function withKernels(network: Network, change: (name: string, values: Float32Array) => Float32Array): Network {
  const tensors = new Map(network.tensors);
  for (const name of kept.keys()) {
    const { shape, values } = kernelValues(network, name);
    tensors.set(`${name}.weight`, { type: "dense", shape, values: change(name, values) });
  }
  return { ...network, tensors };
}
