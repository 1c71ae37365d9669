import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import type { Training } from "../../src/engines/engine.js";
import { catalogModel } from "../../src/models/catalog.js";
import type { SparseTensor, Tensor } from "../../src/models/network.js";
import { signsAt } from "../../src/sparsity/initial.js";
import { RECONNECTION_VALUE } from "../../src/sparsity/rewiring.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Samples } from "../../src/training/samples.js";
import { plainEngine } from "../support/plain-engine.js";
import { toyNetwork, trainToy } from "../support/toy-training.js";

const model = catalogModel({ name: "tinycnn", width: 1, input: [12, 12, 1], classes: 10 });
const STEPS = 200;

for (const density of [0.1, 0.02]) {
  test(`every one of ${STEPS} steps at density ${density} keeps the budget, the signs and everything but connections`, async () => {
    const options = toy(density);
    const { budget } = toyNetwork(options);
    let before = new Map<string, Tensor>();
    const spy = observeReconnections();
    const training = await trainToy({
      ...options,
      engine: { ...plainEngine, train: (...given) => spy.wrap(plainEngine.train(...given)) },
      watch(network, { connections, reconnected }) {
        const now = network.tensors();
        assert.equal(total(connections), budget.connections);
        assert.equal(spy.taken().grown, reconnected);
        for (const [layer, { name }] of network.weightLayers.entries()) {
          checkKernel(now.get(`${name}.weight`), { layer, count: connections[layer] ?? 0 });
        }
        before = now;
      },
    });
    assert.ok(before.size > 0);
    training.dispose();
  });
}

function checkKernel(tensor: Tensor | undefined, { layer, count }: { layer: number; count: number }): void {
  assert.ok(tensor?.type === "connections");
  const { index, values }: SparseTensor = tensor;
  assert.equal(index.length, count);
  for (const [i, position] of index.entries()) {
    const value = values[i] ?? Number.NaN;
    assert.ok(i === 0 || position > (index[i - 1] ?? 0), "positions ascend without duplicates");
    assert.ok(Number.isFinite(value) && value !== 0);
    assert.equal(Math.sign(value), signsAt(1, layer, Uint32Array.of(position))[0]);
  }
}

/** Counts what `reconnect` is asked for, and checks that it touches dormant positions only and changes nothing else. */
function observeReconnections() {
  let grown = 0;
  return {
    taken() {
      const counted = { grown };
      grown = 0;
      return counted;
    },
    wrap(training: Training): Training {
      const reconnect = training.reconnect.bind(training);
      training.reconnect = (layer, change) => {
        const held = new Set(training.connections(layer));
        const others = fingerprint(training, layer);
        assert.equal(change.drop.length, 0);
        assert.ok(
          change.grow.every((position) => !held.has(position)),
          "only dormant positions are drawn",
        );
        assert.ok(change.values.every((value) => Math.abs(value) === Math.fround(1e-12)));
        assert.equal(RECONNECTION_VALUE, Math.fround(1e-12));
        reconnect(layer, change);
        assert.deepEqual(fingerprint(training, layer), others);
        grown += change.grow.length;
      };
      return training;
    },
  };
}

/** Everything but the kernel of one layer. */
function fingerprint(training: Training, layer: number): Map<string, Tensor> {
  const tensors = training.tensors();
  tensors.delete(`${training.weightLayers[layer]?.name}.weight`);
  return tensors;
}

function toy(density: number) {
  const initialDensity = (name: string, p: number) => model.initialDensity.get(name)?.(p) ?? p;
  return {
    ...({ graph: model.graph, classes: 10, mode: "bayes", density, initialDensity, seed: 1 } as const),
    ...({ objective: naturalObjective(), steps: STEPS, batchSize: 4, data: noiseImages(64), bounds: [0, 1] } as const),
  };
}

function noiseImages(size: number): Samples {
  const pixels = new Float32Array(size * 144);
  stream(3, "score").fillUniform(pixels, 0, 1);
  const labels = Uint8Array.from({ length: size }, (_, i) => i % 10);
  const read = (indices: Uint32Array) => {
    const images = new Float32Array(indices.length * 144);
    for (const [i, index] of indices.entries()) images.set(pixels.subarray(index * 144, (index + 1) * 144), i * 144);
    return images;
  };
  return { size, shape: [12, 12, 1], labels, read };
}

function total(counts: Int32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
