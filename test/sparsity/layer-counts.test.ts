import assert from "node:assert/strict";
import { test } from "node:test";
import { type CatalogModel, catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf, countConnections } from "../../src/sparsity/connectivity.js";
import { type ConnectivityMode, layerCounts } from "../../src/sparsity/layer-counts.js";

const vgg = catalogModel({ name: "vgg16", width: 1, input: [32, 32, 3], classes: 10 });
const resnet = catalogModel({ name: "resnet18", width: 1, input: [32, 32, 3], classes: 100 });
const wide = catalogModel({ name: "wrn28_4", width: 1, input: [32, 32, 3], classes: 10 });

const table: readonly [string, CatalogModel, number, number, number][] = [
  ["vgg16", vgg, 0.1, 1_530_284, 820_945],
  ["vgg16", vgg, 0.05, 765_142, 444_934],
  ["vgg16", vgg, 0.01, 153_028, 144_124],
  ["vgg16", vgg, 0.005, 76_514, 106_523],
  ["resnet18, 100 classes", resnet, 0.1, 1_121_043, 611_738],
  ["resnet18, 100 classes", resnet, 0.01, 112_104, 116_288],
  ["wrn28_4", wide, 0.1, 584_184, 307_139],
  ["wrn28_4", wide, 0.005, 29_209, 42_536],
];

for (const [name, model, density, budget, initial] of table) {
  test(`${name} at density ${density} has a budget of ${budget} and starts with ${initial} connections`, () => {
    const found = countsOf(model, { density, mode: "bayes", excess: "keep" });
    assert.equal(found.budget.connections, budget);
    assert.equal(found.total, initial);
  });
}

test("rescaling brings an excess below the budget by less than one connection a layer", () => {
  const { budget, total, counts } = countsOf(vgg, { density: 0.005, mode: "bayes", excess: "rescale" });
  assert.ok(total <= budget.connections && total > budget.connections - counts.length);
});

for (const excess of ["keep", "rescale"] as const) {
  for (const density of [0.1, 0.005, 0.97]) {
    test(`a fixed network at density ${density} has exactly its budget (${excess})`, () => {
      const { budget, total, counts, kernels } = countsOf(vgg, { density, mode: "fixed", excess });
      assert.equal(total, budget.connections);
      assert.ok(kernels.every(({ size }, layer) => (counts[layer] ?? 0) <= size));
    });
  }
}

test("a fixed network has the layer densities that the method has after its first rewiring", () => {
  const { counts, kernels } = countsOf(vgg, { density: 0.1, mode: "fixed", excess: "rescale" });
  const densities = kernels.map(({ size }, layer) => (counts[layer] ?? 0) / size);
  const expected = [0.646, 0.646, 0.246, 0.246, ...Array(11).fill(0.0964), 0.646];
  for (const [layer, density] of expected.entries()) {
    const tolerance = 4 * Math.sqrt(0.05 / (kernels[layer]?.size ?? 1)) + 0.001;
    assert.ok(Math.abs((densities[layer] ?? 0) - density) < tolerance, `${kernels[layer]?.name}: ${densities[layer]}`);
  }
});

test("a random network has one density everywhere and the rest in its largest layers", () => {
  const { counts, kernels, total, budget } = countsOf(vgg, { density: 0.01, mode: "random", excess: "rescale" });
  assert.equal(total, budget.connections);
  assert.equal(counts[0], 17);
  assert.equal(counts.at(-1), 25);
  const extra = kernels.map(({ size }, layer) => (counts[layer] ?? 0) - Math.floor(0.01 * size));
  const sizesWith = (wanted: number) => kernels.filter((_, layer) => extra[layer] === wanted).map(({ size }) => size);
  assert.ok(extra.every((more) => more === 0 || more === 1));
  assert.ok(Math.min(...sizesWith(1)) >= Math.max(...sizesWith(0)));
});

test("at density 1 every mode has all connections", () => {
  for (const mode of ["bayes", "fixed", "random", "dense"] as const) {
    const { total, budget } = countsOf(wide, { density: 1, mode, excess: "rescale" });
    assert.equal(total, budget.weights);
  }
});

test("a budget of no connection or of too many is refused", () => {
  const kernels = [{ name: "fc", size: 50, fanIn: 10, rewire: true }];
  assert.throws(
    () => budgetOf({ density: 0.001 }, kernels),
    /density 0.001 of a network of 50 weights keeps no connection/,
  );
  assert.throws(() => budgetOf({ connections: 51 }, kernels), /51 connections .* between 1 and 50/);
});

interface CountOptions {
  readonly density: number;
  readonly mode: ConnectivityMode;
  readonly excess: "keep" | "rescale";
}

function countsOf(model: CatalogModel, { density, mode, excess }: CountOptions) {
  const kernels = weightLayers(model.graph, model.input);
  const budget = budgetOf({ density }, kernels);
  const initialDensity = ({ name }: { name: string }, p: number) => model.initialDensity.get(name)?.(p) ?? p;
  const counts = layerCounts({ kernels, mode, budget, initialDensity, excess, seed: 1 });
  return { kernels, budget, counts, total: countConnections(kernels, counts) };
}
