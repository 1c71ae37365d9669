/** What a network is said to keep and to cost, however its kernels are stored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { networkCounts } from "../../src/commands/checkpoint-reference.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { parseGraph } from "../../src/models/parse-graph.js";

const graph = parseGraph(
  [
    { name: "conv", op: "conv", filters: 2, kernel: 1 },
    { name: "flatten", op: "flatten" },
    { name: "fc", op: "dense", units: 2, rewire: false },
  ],
  "test",
);

function networkWith(kernel: Tensor): Network {
  const dense = (shape: readonly number[], values: number[]): Tensor => ({
    type: "dense",
    shape,
    values: Float32Array.from(values),
  });
  const fc = dense([2, 8], new Array(16).fill(1));
  return {
    input: [2, 2, 3],
    classes: 2,
    graph,
    tensors: new Map([
      ["conv.weight", kernel],
      ["fc.weight", fc],
      ["fc.bias", dense([2], [0, 0])],
    ]),
  };
}

const shape = [2, 3, 1, 1];

test("a kernel stored dense counts what is not 0, so an exported network costs what it was", () => {
  const stored = networkWith({ type: "dense", shape, values: Float32Array.of(0, 1, 0, 0, -2, 0) });
  const connected = networkWith({
    type: "connections",
    shape,
    index: Uint32Array.of(1, 4),
    values: Float32Array.of(1, -2),
  });
  // 2 connections at 4 positions each, and the 16 of the layer out of the budget.
  // Two rows in each layer; the second layer's 16 weights are all there.
  const csrBytes = 6 * (2 + 16) + 4 * (3 + 3);
  const counts = { connections: 2, weights: 6, multiplyAdds: 2 * 4 + 16, csrBytes, layerDensities: [2 / 6, 1] };
  assert.deepEqual(networkCounts(stored), counts);
  assert.deepEqual(networkCounts(connected), networkCounts(stored));
});

test("a connection of value 0 is one: the mask is what counts", () => {
  const network = networkWith({
    type: "connections",
    shape,
    index: Uint32Array.of(0, 1),
    values: Float32Array.of(0, 1),
  });
  assert.equal(networkCounts(network).connections, 2);
});
