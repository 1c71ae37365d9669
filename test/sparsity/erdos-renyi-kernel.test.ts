import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf, countConnections } from "../../src/sparsity/connectivity.js";
import { erkCounts, erkDensities } from "../../src/sparsity/erdos-renyi-kernel.js";

const repeated = (value: number, times: number): number[] => Array(times).fill(value);

const goldens: readonly [string, number, readonly number[]][] = [
  ["vgg16", 0.1, [1, 0.518, 0.3827, 0.2532, 0.1885, 0.1252, 0.1252, 0.0935, ...repeated(0.0622, 5), 0.6263, 1, 1]],
  [
    "vgg16",
    0.01,
    [0.5868, 0.0505, 0.0373, 0.0247, 0.0184, 0.0122, 0.0122, 0.0091, ...repeated(0.0061, 5), 0.061, 0.1085, 1],
  ],
  [
    "resnet18",
    0.1,
    [
      ...[1, ...repeated(0.4797, 4), 0.3544, 0.2345, 1, 0.2345, 0.2345, 0.1745, 0.1159, 1, 0.1159, 0.1159],
      ...[0.0866, 0.0576, 0.7752, 0.0576, 0.0576, 1],
    ],
  ],
];

for (const [name, density, expected] of goldens) {
  const { kernels, budget } = networkOf(name, density);
  test(`${name} at density ${density} has the known Erdős–Rényi-kernel densities`, () => {
    const densities = erkDensities(kernels, budget);
    assert.equal(densities.length, expected.length);
    for (const [layer, found] of densities.entries()) assert.equal(Number(found.toFixed(4)), expected[layer]);
  });

  test(`${name} at density ${density} has its budget exactly, each layer within one connection of its share`, () => {
    const counts = erkCounts(kernels, budget);
    assert.equal(countConnections(kernels, counts), budget.connections);
    for (const [layer, density] of erkDensities(kernels, budget).entries()) {
      const { size = 0 } = kernels[layer] ?? {};
      assert.ok(Math.abs((counts[layer] ?? 0) - density * size) < 1 && (counts[layer] ?? 0) <= size);
    }
  });
}

test("a layer out of the budget keeps all of its weights", () => {
  const layer = (name: string, rewire: boolean) => ({ name, shape: [10, 20], size: 200, fanIn: 20, rewire });
  const kernels = [layer("a", true), layer("b", false), layer("c", true)];
  assert.deepEqual([...erkCounts(kernels, budgetOf({ density: 0.1 }, kernels))], [20, 200, 20]);
});

function networkOf(name: string, density: number) {
  const { graph, input } = catalogModel({ name, width: 1, input: [32, 32, 3], classes: 10 });
  const kernels = weightLayers(graph, input);
  return { kernels, budget: budgetOf({ density }, kernels) };
}
