/** What goes between host and device: logits and positions of changed connections come up, gradients and noise go down, nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepOptions, WeightRule } from "../../src/engines/engine.js";
import { loadBinding } from "../../src/engines/tensorflow/binding.js";
import { TensorflowInference } from "../../src/engines/tensorflow/inference.js";
import { constantParameters } from "../../src/engines/tensorflow/parameters.js";
import { TensorflowTraining } from "../../src/engines/tensorflow/training.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { catalogModel } from "../../src/models/catalog.js";
import type { Network } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";
import { objectiveByName } from "../../src/training/objectives/by-name.js";
import { waveImages } from "../support/small-networks.js";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";
import { type Traffic, type WatchedDevice, watchedDevice } from "../support/watched-binding.js";

const BATCH = 6;
const CLASSES = 10;
const LOGITS = BATCH * CLASSES;

/** Shapes, axes, rates and of a small network a batch-norm's constants: numbers that say how, not what. */
const FEW = 16;

function testTraffic(name: string, body: (watched: WatchedDevice) => void): void {
  test(name, { skip: tensorflowSkip }, () => {
    assert.ok(tensorflow !== null);
    body(watchedDevice(loadBinding(tensorflow.installation).binding));
  });
}

const { graph, input } = catalogModel({ name: "tinycnn", width: 0.5, input: [32, 32, 1], classes: CLASSES });

function networkOf(mode: "bayes" | "dense"): Network {
  const budget = budgetOf({ density: mode === "dense" ? 1 : 0.3 }, weightLayers(graph, input));
  return initialNetwork({
    ...{ graph, input, classes: CLASSES, seed: 1, excess: "rescale", mode, budget },
    initialDensity: (_, p) => p,
  }).network;
}

function inferenceOn({ device }: WatchedDevice): TensorflowInference {
  const network = networkOf("dense");
  return new TensorflowInference(network, device, constantParameters(device, network));
}

function trainingOn({ device }: WatchedDevice, rule: WeightRule): TensorflowTraining {
  const names = weightLayers(graph, input).map(({ name }) => name);
  const rules = new Map(names.map((name) => [name, rule]));
  return new TensorflowTraining(networkOf(rule === "dense" ? "dense" : "bayes"), { rules }, device);
}

/** What went down, without shapes and rates. */
function sent({ down }: Traffic): number[] {
  return down.filter((length) => length > FEW);
}

const images = waveImages(BATCH, input);
const labels = Uint8Array.from({ length: BATCH }, (_, i) => i);
const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, CLASSES).gradient;

testTraffic("a forward pass sends the images and reads the logits, a gradient reads that as well", (watched) => {
  const inference = inferenceOn(watched);
  inference.logits(images);
  const forward = watched.during(() => inference.logits(images));
  assert.deepEqual([sent(forward), forward.up], [[images.length], [LOGITS]]);
  const both = watched.during(() => inference.inputGradient(images, lossGradient));
  assert.deepEqual(
    [sent(both), both.up],
    [
      [images.length, LOGITS],
      [LOGITS, images.length],
    ],
  );
  inference.dispose();
});

for (const norm of ["linf", "l2"] as const) {
  testTraffic(`of each step of an ascent in ${norm} the logits come up and their gradient goes down`, (watched) => {
    const inference = inferenceOn(watched);
    const constants = { norm, epsilon: 0.1, stepSize: 0.02, bounds: [0, 1] } as const;
    const begun = watched.during(() => {
      inference.ascend({ images, origin: images, lossGradient, ...constants }).dispose();
    });
    assert.deepEqual([sent(begun), begun.up], [[images.length, images.length], []]);
    const ascent = inference.ascend({ images, origin: images, lossGradient, ...constants });
    ascent.advance(1);
    const steps = watched.during(() => ascent.advance(3));
    assert.deepEqual([sent(steps), steps.up], [Array(3).fill(LOGITS), Array(3).fill(LOGITS)]);
    const end = watched.during(() => ascent.images());
    assert.deepEqual([sent(end), end.up], [[], [images.length]]);
    ascent.dispose();
    inference.dispose();
  });
}

const rates = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, trainable: "all" } as const;

testTraffic("a step sends the noise of each layer's connections and reads once, what died or came back", (watched) => {
  const training = trainingOn(watched, "mortal");
  const connections = () => training.weightLayers.map((_, layer) => training.connections(layer).length);
  const options: StepOptions = { ...rates, pull: 1e-3, noise: { deviation: 1e-3, seed: 1, step: 0 } };
  for (let step = 0; step < 3; step++) {
    const tape = training.forward(images);
    training.backward(tape, lossGradient(tape.logits));
    const [before, alive] = [connections(), training.weightLayers.map((_, layer) => training.connections(layer))];
    const traffic = watched.during(() => training.step({ ...options, noise: { deviation: 1e-3, seed: 1, step } }));
    assert.deepEqual(
      sent(traffic),
      before.filter((count) => count > FEW),
    );
    const changed = alive.map((positions, layer) => differences(positions, training.connections(layer)));
    assert.deepEqual(traffic.up, [changed.reduce((sum, count) => sum + count, 0)]);
    assert.ok((traffic.up[0] ?? 0) > 0);
  }
  training.dispose();
});

function differences(a: Uint32Array, b: Uint32Array): number {
  const [left, right] = [new Set(a), new Set(b)];
  return a.filter((position) => !right.has(position)).length + b.filter((position) => !left.has(position)).length;
}

for (const rule of ["masked", "dense"] as const) {
  testTraffic(`a step of ${rule} weights sends nothing and reads nothing`, (watched) => {
    const training = trainingOn(watched, rule);
    const tape = training.forward(images);
    training.backward(tape, lossGradient(tape.logits));
    const traffic = watched.during(() => training.step(rates));
    assert.deepEqual([sent(traffic), traffic.up], [[], []]);
    training.dispose();
  });
}

testTraffic("the passes of a training step send images and the logits' gradient and read the logits", (watched) => {
  const training = trainingOn(watched, "mortal");
  const traffic = watched.during(() => {
    const tape = training.forward(images);
    training.updateStatistics(tape, "unbiased");
    training.backward(tape, lossGradient(tape.logits));
  });
  assert.deepEqual([sent(traffic), traffic.up], [[images.length, LOGITS], [LOGITS]]);
  training.dispose();
});

testTraffic("adversarial training reads the logits of each pass and the attacked images", (watched) => {
  const training = trainingOn(watched, "mortal");
  const attack = { epsilon: 0.1, stepSize: 0.02, steps: 4 };
  const objective = objectiveByName({ objective: "at", attack, beta: 6 });
  const batch = { training, images, labels, bounds: [0, 1], seed: 1, step: 0 } as const;
  const traffic = watched.during(() => void [...objective.accumulate(batch)]);
  assert.deepEqual(traffic.up, [...Array(attack.steps).fill(LOGITS), images.length, LOGITS]);
  const own = sent(traffic).filter((length) => length !== images.length);
  assert.deepEqual(own, Array(attack.steps + 1).fill(LOGITS));
  training.dispose();
});

testTraffic("an exchange of connections sends what is dropped and what is grown, and reads nothing", (watched) => {
  const training = trainingOn(watched, "masked");
  const layer = 1;
  const alive = training.connections(layer);
  const taken = new Set(alive);
  const free = Uint32Array.from({ length: 4000 }, (_, i) => i).filter((position) => !taken.has(position));
  const [drop, grow] = [alive.slice(0, 20), free.slice(0, 30)];
  const traffic = watched.during(() =>
    training.reconnect(layer, { drop, grow, values: new Float32Array(30).fill(0.1) }),
  );
  assert.ok(traffic.down.every((length) => length <= 2 * 30));
  assert.deepEqual(traffic.up, []);
  training.dispose();
});

testTraffic("a target that weights are drawn to goes down once, not at each step", (watched) => {
  const training = trainingOn(watched, "dense");
  const target = new Float32Array(training.weightLayers[1]?.size ?? 0);
  const first = watched.during(() => training.attract(1, target, 0.1));
  const second = watched.during(() => training.attract(1, target, 0.1));
  assert.deepEqual([sent(first), sent(second)], [[target.length], []]);
  const other = watched.during(() => training.attract(1, target.slice(), 0.1));
  assert.deepEqual(sent(other), [target.length]);
  training.dispose();
});

testTraffic("a number that a step needs many times goes down once, and is gone after it", ({ device, during }) => {
  const before = device.tensors;
  const step = () =>
    device.scope(() => {
      device.scalar(0.5);
      device.scope(() => device.scalar(0.5));
      device.scope(() => assert.equal(device.read(device.scalar(0.5))[0], 0.5));
      assert.equal(device.tensors, before + 1);
    });
  assert.deepEqual(during(step).down, [1]);
  assert.equal(device.tensors, before);
  assert.deepEqual(during(step).down, [1]);
});
