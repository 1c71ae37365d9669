import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.js";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";

const layer = fc.record({ name: fc.uuid(), size: fc.integer({ min: 1, max: 100_000 }), rewire: fc.constant(true) });
const layers = fc.uniqueArray(layer, { minLength: 1, maxLength: 20, selector: (one) => one.name });

test("a total is met exactly, each layer within one of the uniform ratio and never empty", () => {
  fc.assert(
    fc.property(layers, fc.double({ min: 0, max: 1, noNaN: true }), (sizes, share) => {
      const total = sizes.reduce((sum, { size }) => sum + size, 0);
      const connections = Math.max(sizes.length, Math.floor(share * total));
      const counts = keptCounts(sizes, { connections });
      assert.equal(
        [...counts.values()].reduce((sum, count) => sum + count, 0),
        connections,
      );
      for (const { name, size } of sizes) {
        const kept = counts.get(name) ?? 0;
        const share = (connections * size) / total;
        assert.ok(kept >= 1 && kept <= size);
        // Where some layer's share is below 1 the others give way to its one connection.
        if (sizes.every((other) => connections * other.size >= total)) assert.ok(Math.abs(kept - share) < 1);
      }
    }),
    { seed: 1 },
  );
});

test("shares of three layers are rounded so that the largest fractions get what is left", () => {
  const sizes = [100, 55, 45].map((size, i) => ({ name: `layer${i}`, size, rewire: true }));
  assert.deepEqual([...keptCounts(sizes, { connections: 33 }).values()], [17, 9, 7]);
});

test("layers that are not rewired are not pruned", () => {
  const sizes = [
    { name: "stem", size: 10, rewire: false },
    { name: "rest", size: 10, rewire: true },
  ];
  assert.deepEqual([...keptCounts(sizes, { density: 0.5 })], [["rest", 5]]);
});

test("a total below one weight a layer or above all weights is refused with the range that would do", () => {
  const sizes = [1, 2].map((i) => ({ name: `layer${i}`, size: 4, rewire: true }));
  for (const connections of [1, 9])
    assert.throws(
      () => keptCounts(sizes, { connections }),
      (error) => error instanceof UsageError && /from 2 .* to 8/.test(error.message),
    );
});

test("the published networks keep the counts of the reference code at each published ratio", () => {
  const published = [
    { name: "vgg16", classes: 10, kept: [1_530_291, 765_149, 153_035], first: [173, 87, 18], last: [256, 128, 26] },
    { name: "vgg16", classes: 100, kept: [1_532_595, 766_301, 153_265], first: [173, 87, 18], last: [2560, 1280, 256] },
    { name: "resnet18", classes: 10, kept: [1_116_445, 558_228, 111_653], first: [173, 87, 18], last: [512, 256, 52] },
    {
      name: "resnet18",
      classes: 100,
      kept: [1_121_053, 560_532, 112_113],
      first: [173, 87, 18],
      last: [5120, 2560, 512],
    },
    { name: "wrn28_4", classes: 10, kept: [584_199, 292_108, 58_434], first: [44, 22, 5], last: [256, 128, 26] },
  ];
  for (const { name, classes, kept, first, last } of published) {
    const { graph, input } = catalogModel({ name, width: 1, input: [32, 32, 3], classes });
    for (const [i, density] of [0.1, 0.05, 0.01].entries()) {
      const counts = [...keptCounts(weightLayers(graph, input), { density }).values()];
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        kept[i],
        `${name}, ${classes} classes, ${density}`,
      );
      assert.equal(counts[0], first[i]);
      assert.equal(counts.at(-1), last[i]);
    }
  }
});
