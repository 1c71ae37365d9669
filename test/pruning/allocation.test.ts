import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { allocatedCounts } from "../../src/pruning/allocation.js";

const { graph, input } = catalogModel({ name: "vgg16", width: 1, input: [32, 32, 3], classes: 10 });
const layers = weightLayers(graph, input);
const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);

test("golden: by Erdős–Rényi-kernel VGG-16 at 0.1 keeps its first and last layers whole and 6.22 % of the 512-channel ones, as many in all as uniformly", () => {
  const uniform = allocatedCounts(layers, { kind: "uniform", target: { density: 0.1 } });
  const erk = allocatedCounts(layers, { kind: "erk", target: { density: 0.1 } });
  assert.equal(sum(erk), 1_530_291);
  assert.equal(sum(uniform), 1_530_291);
  const shares = layers.map(({ name, size }) => Number(((erk.get(name) ?? 0) / size).toFixed(4)));
  assert.deepEqual(shares, [
    ...[1, 0.518, 0.3827, 0.2532, 0.1885, 0.1252, 0.1252, 0.0935],
    ...[0.0622, 0.0622, 0.0622, 0.0622, 0.0622, 0.6263, 1, 1],
  ]);
});

test("a number of weights is met exactly by Erdős–Rényi-kernel", () => {
  assert.equal(sum(allocatedCounts(layers, { kind: "erk", target: { connections: 153_028 } })), 153_028);
});

test("another network's counts are kept exactly, and must be of the same layers", () => {
  const counts = new Map(layers.map(({ name, size }, number) => [name, Math.min(size, 100 + number)]));
  const path = "ours.safetensors";
  assert.deepEqual(allocatedCounts(layers, { kind: "budget-of", counts, path }), counts);
  const less = new Map([...counts].slice(1));
  assert.throws(
    () => allocatedCounts(layers, { kind: "budget-of", counts: less, path }),
    /budget-of ours.safetensors: its sparse layers are conv2, .*; those to be pruned are conv1, conv2/,
  );
  const more = new Map([...counts, ["conv1", 1729] as const]);
  assert.throws(
    () => allocatedCounts(layers, { kind: "budget-of", counts: more, path }),
    /layer conv1 keeps 1729 there; here it has 1728 weights/,
  );
});

test("a layer that would keep nothing is named", () => {
  assert.throws(
    () => allocatedCounts(layers, { kind: "erk", target: { connections: 16 } }),
    /--allocation erk: layer \w+ would keep none of \d+ weights/,
  );
});
