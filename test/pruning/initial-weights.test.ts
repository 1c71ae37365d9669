import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import { initialNetwork, scaledForDensity } from "../../src/pruning/initial-weights.js";

function startOf(model: string) {
  const { graph } = catalogModel({ name: model, width: 0.5, input: [32, 32, 3], classes: 10 });
  const network = initialNetwork({ input: [32, 32, 3], classes: 10, graph, model, seed: 1 });
  const values = (name: string) => {
    const tensor = network.tensors.get(name);
    assert.ok(tensor, name);
    return tensor.values;
  };
  return { network, values };
}

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function assertRatio(actual: number, expected: number): void {
  assert.ok(Math.abs(actual / expected - 1) < 0.03, `${actual}, expected ${expected}`);
}

test("VGG starts with normal kernels: convolutions by fan-out, dense layers with deviation 0.01", () => {
  const { values } = startOf("vgg16");
  assertRatio(deviation(values("conv4.weight")), Math.sqrt(2 / (64 * 9)));
  assertRatio(deviation(values("dense14.weight")), 0.01);
  assert.ok(values("dense14.bias").every((bias) => bias === 0));
});

test("a wide residual network has normal convolutions and a uniform last layer", () => {
  const { values } = startOf("wrn28_4");
  assertRatio(deviation(values("g3.b2.conv1.weight")), Math.sqrt(2 / (128 * 9)));
  assertRatio(deviation(values("dense_out.weight")), 1 / Math.sqrt(3 * 128));
  assert.ok(values("dense_out.weight").every((weight) => Math.abs(weight) <= 1 / Math.sqrt(128)));
});

test("a residual network is uniform by fan-in throughout", () => {
  const { values } = startOf("resnet18");
  const kernel = values("s3.b2.conv1.weight");
  assertRatio(deviation(kernel), 1 / Math.sqrt(3 * 128 * 9));
  assert.ok(kernel.every((weight) => Math.abs(weight) <= 1 / Math.sqrt(128 * 9)));
});

test("batch-norm starts as the identity, and every tensor of the graph is there", () => {
  const { network, values } = startOf("vgg16");
  const expected = [1, 0, 0, 1];
  for (const [i, part] of ["weight", "bias", "running_mean", "running_var"].entries())
    assert.ok(values(`bn1.${part}`).every((value) => value === expected[i]));
  const kernels = network.graph.filter(({ op }) => op === "conv" || op === "dense");
  assert.ok(kernels.every(({ name }) => network.tensors.has(`${name}.weight`)));
});

test("kernels of one shape differ, and another seed gives other weights", () => {
  const { network, values } = startOf("vgg16");
  assert.notDeepEqual(values("conv9.weight"), values("conv10.weight"));
  const other = initialNetwork({ ...network, model: "vgg16", seed: 2 });
  assert.notDeepEqual(other.tensors.get("conv9.weight"), network.tensors.get("conv9.weight"));
});

test("weights are scaled once by 1/sqrt(density) for a net that is sparse from the start, biases and batch-norm are not", () => {
  const { network, values } = startOf("vgg16");
  const scaled = scaledForDensity(network, 0.25);
  for (const name of ["conv1.weight", "dense16.weight"])
    assert.deepEqual(
      scaled.tensors.get(name)?.values,
      values(name).map((value) => 2 * value),
    );
  for (const name of ["bn1.weight", "dense16.bias"]) assert.equal(scaled.tensors.get(name), network.tensors.get(name));
});
