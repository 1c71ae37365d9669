import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf, countConnections } from "../../src/sparsity/connectivity.js";
import { igqCounts, igqDensities } from "../../src/sparsity/ideal-gas-quotas.js";

const repeated = (value: number, times: number): number[] => Array(times).fill(value);

/** Density, c and the densities of VGG-16's layers. */
const goldens: readonly [number, number, readonly number[]][] = [
  [
    ...([0.1, 6.4846e-6] as const),
    [0.9889, 0.8071, 0.6765, 0.5112, 0.3434, 0.2073, 0.2073, 0.1156, ...repeated(0.0614, 5), 0.2273, 0.7018, 0.9837],
  ],
  [
    ...([0.01, 8.8917e-5] as const),
    [0.8668, 0.2338, 0.1324, 0.0709, 0.0367, 0.0187, 0.0187, 0.0094, ...repeated(0.0047, 5), 0.021, 0.1465, 0.8146],
  ],
];

for (const [density, force, expected] of goldens) {
  const { kernels, budget } = vgg16(density);
  test(`VGG-16 at density ${density} has the known ideal gas quotas`, () => {
    const densities = igqDensities(kernels, budget);
    assert.deepEqual(
      [...densities].map((found) => Number(found.toFixed(4))),
      expected,
    );
    const [first = 0] = densities;
    const found = (1 / first - 1) / (kernels[0]?.size ?? 0);
    assert.ok(Math.abs(found / force - 1) < 1e-5, `c = ${found}`);
  });

  test(`VGG-16 at density ${density} has its budget exactly, each layer within one connection of its quota`, () => {
    const counts = igqCounts(kernels, budget);
    assert.equal(countConnections(kernels, counts), budget.connections);
    for (const [layer, quota] of igqDensities(kernels, budget).entries()) {
      const { size = 0 } = kernels[layer] ?? {};
      assert.ok(Math.abs((counts[layer] ?? 0) - quota * size) < 1 && (counts[layer] ?? 0) <= size);
    }
  });
}

test("a layer out of the budget keeps all of its weights", () => {
  const layer = (name: string, rewire: boolean) => ({ name, size: 200, fanIn: 20, rewire });
  const kernels = [layer("a", true), layer("b", false), layer("c", true)];
  assert.deepEqual([...igqCounts(kernels, budgetOf({ density: 0.1 }, kernels))], [20, 200, 20]);
});

function vgg16(density: number) {
  const { graph, input } = catalogModel({ name: "vgg16", width: 1, input: [32, 32, 3], classes: 10 });
  const kernels = weightLayers(graph, input);
  return { kernels, budget: budgetOf({ density }, kernels) };
}
