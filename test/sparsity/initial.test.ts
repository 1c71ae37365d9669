import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import type { SparseTensor } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { type ConnectivityMode, initialNetwork, signsAt } from "../../src/sparsity/initial.js";

const model = catalogModel({ name: "tinycnn", width: 4, input: [32, 32, 3], classes: 10 });
const kernels = weightLayers(model.graph, model.input);

test("connections of the method carry their fixed sign and a magnitude above 0", () => {
  const { network, rules } = initial("bayes");
  for (const [layer, { name }] of kernels.entries()) {
    const { index, values } = connectionsOf(network.tensors.get(`${name}.weight`));
    assert.equal(rules.get(name), "mortal");
    assert.deepEqual(values.map(Math.sign), signsAt(1, layer, index));
  }
});

test("signs are fair and independent of layer and seed", () => {
  const every = Uint32Array.from({ length: 4000 }, (_, i) => i);
  const signs = (seed: number, layer: number) => [...signsAt(seed, layer, every)];
  const sum = (list: number[]) => list.reduce((total, sign) => total + sign, 0);
  const base = signs(1, 0);
  assert.ok(Math.abs(sum(base)) < 4 * Math.sqrt(4000));
  for (const other of [signs(1, 1), signs(2, 0)]) {
    assert.ok(Math.abs(sum(base.map((sign, i) => sign * (other[i] ?? 0)))) < 4 * Math.sqrt(4000));
  }
});

test("weights of a static network are He-normal of the dense fan-in, cut at two deviations", () => {
  const { network, rules } = initial("fixed");
  const { values } = connectionsOf(network.tensors.get("dense4.weight"));
  const fanIn = kernels.at(-1)?.fanIn ?? 0;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  assert.ok(Math.abs(deviation / Math.sqrt(2 / fanIn) - 1) < 0.05, `deviation ${deviation}`);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(largest <= 2.2737 * Math.sqrt(2 / fanIn) && largest > 2 * Math.sqrt(2 / fanIn));
  assert.ok(values.some((value) => value < 0) && values.some((value) => value > 0));
  assert.equal(rules.get("dense4"), "masked");
});

test("a dense network has all kernels dense and no rule", () => {
  const { network, rules } = initial("dense");
  assert.equal(rules.size, 0);
  assert.ok([...network.tensors.values()].every(({ type }) => type === "dense"));
});

test("batch-norm starts as the identity and biases at 0", () => {
  const { tensors } = initial("bayes").network;
  const only = (name: string) => new Set(tensors.get(name)?.values);
  assert.deepEqual(only("bn1.weight"), new Set([1]));
  assert.deepEqual(only("bn1.running_var"), new Set([1]));
  assert.deepEqual(only("bn1.bias"), new Set([0]));
  assert.deepEqual(only("bn1.running_mean"), new Set([0]));
  assert.deepEqual(only("dense4.bias"), new Set([0]));
});

test("another seed gives another mask", () => {
  const mask = (seed: number) => connectionsOf(initial("fixed", seed).network.tensors.get("conv2.weight")).index;
  assert.deepEqual(mask(1), mask(1));
  assert.notDeepEqual(mask(1), mask(2));
});

function initial(mode: ConnectivityMode, seed = 1) {
  const budget = budgetOf({ density: 0.1 }, kernels);
  const initialDensity = ({ name }: { name: string }, p: number) => model.initialDensity.get(name)?.(p) ?? p;
  return initialNetwork({ ...model, mode, budget, initialDensity, excess: "rescale", seed });
}

function connectionsOf(tensor: unknown): SparseTensor {
  assert.ok(isConnections(tensor));
  return tensor;
}

function isConnections(tensor: unknown): tensor is SparseTensor {
  return typeof tensor === "object" && tensor !== null && "type" in tensor && tensor.type === "connections";
}
