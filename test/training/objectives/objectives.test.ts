import assert from "node:assert/strict";
import { test } from "node:test";
import type { Training } from "../../../src/engines/engine.js";
import { crossEntropy } from "../../../src/losses/cross-entropy.js";
import { klDivergence } from "../../../src/losses/kl-divergence.js";
import type { Network, Tensor } from "../../../src/models/network.js";
import { adversarialTraining } from "../../../src/training/objectives/adversarial-training.js";
import {
  innerAscent,
  normalStart,
  trainingStart,
  uniformStart,
} from "../../../src/training/objectives/inner-ascent.js";
import { martObjective } from "../../../src/training/objectives/mart.js";
import { mixedBatchTraining } from "../../../src/training/objectives/mixed-batch.js";
import { naturalObjective } from "../../../src/training/objectives/natural.js";
import type { Batch, Objective } from "../../../src/training/objectives/objective.js";
import { rstObjective } from "../../../src/training/objectives/rst.js";
import { tradesObjective } from "../../../src/training/objectives/trades.js";
import { assertClose } from "../../support/assert-close.js";
import { plainEngine } from "../../support/plain-engine.js";
import { networkOf, waveImages } from "../../support/small-networks.js";

const attack = { epsilon: 0.1, stepSize: 0.03, steps: 4 };
const hydra = { updates: "hydra", variance: "unbiased" } as const;
const graph = [
  {
    name: "conv",
    op: "conv",
    inputs: ["input"],
    filters: 3,
    kernel: 3,
    stride: 1,
    padding: "same",
    bias: false,
    rewire: true,
  },
  { name: "bn", op: "batchnorm", inputs: ["conv"], epsilon: 1e-5, momentum: 0.1 },
  { name: "relu", op: "relu", inputs: ["bn"] },
  { name: "flatten", op: "flatten", inputs: ["relu"], order: "chw" },
  { name: "fc", op: "dense", inputs: ["flatten"], units: 3, bias: true, rewire: true },
] as const;
const network: Network = networkOf({ graph, input: [4, 4, 1], classes: 3 });
const objectives: readonly Objective[] = [
  naturalObjective(),
  adversarialTraining(attack),
  mixedBatchTraining(attack),
  tradesObjective({ attack, beta: 6 }),
  martObjective({ attack, beta: 6 }),
];

test("adversarial training computes the gradient of the cross-entropy at the attacked images", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const batch = batchOf(training);
  const target = { inference: training.inference, images: batch.images, bounds: batch.bounds };
  const start = uniformStart(target, attack.epsilon, trainingStart(batch));
  const lossGradient = (logits: Float32Array) => crossEntropy(logits, batch.labels, 3).gradient;
  const attacked = finish(innerAscent(target, { ...attack, start, lossGradient }));
  assertInBall(attacked, batch);
  assert.ok(meanLossOf(training, attacked, batch.labels) > meanLossOf(training, batch.images, batch.labels));
  const expected = gradientsAfter(naturalObjective(), { ...batch, images: attacked });
  assertSameGradients(gradientsAfter(adversarialTraining(attack), batch), expected);
});

test("the attack of TRADES stays in its ball and drives the answers apart", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const batch = batchOf(training);
  const target = { inference: training.inference, images: batch.images, bounds: batch.bounds };
  const clean = training.inference.logits(batch.images);
  const lossGradient = (logits: Float32Array) => klDivergence(clean, logits, 3).gradientQ;
  const start = normalStart(target, 0.001, trainingStart(batch));
  const attacked = finish(innerAscent(target, { ...attack, start, lossGradient }));
  assertInBall(attacked, batch);
  const divergence = (images: Float32Array) => klDivergence(clean, training.inference.logits(images), 3).values;
  assert.ok(sum(divergence(attacked)) > 10 * sum(divergence(start)));
});

test("the attack of MART stays in its ball and raises the cross-entropy", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const batch = batchOf(training);
  const attacked = attackedBy(martObjective({ attack, beta: 6 }), batch);
  assertInBall(attacked, batch);
  assert.ok(meanLossOf(training, attacked, batch.labels) > meanLossOf(training, batch.images, batch.labels));
});

test("mixed batches hold attacked images in their first half and clean ones in their second, with equal weights", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const batch = batchOf(training);
  const mixed = attackedBy(mixedBatchTraining(attack), batch);
  assertInBall(mixed, batch);
  const half = mixed.length / 2;
  assert.deepEqual(mixed.subarray(half), batch.images.subarray(half));
  const [first, labels] = [(images: Float32Array) => images.subarray(0, half), batch.labels.subarray(0, 3)];
  assert.ok(meanLossOf(training, first(mixed), labels) > meanLossOf(training, first(batch.images), labels));
  const alone = attackedBy(adversarialTraining(attack), { ...batch, images: first(batch.images), labels });
  assert.deepEqual(first(mixed), alone, "its attack is that of adversarial training");
  const expected = gradientsAfter(naturalObjective(), { ...batch, images: mixed });
  assertSameGradients(gradientsAfter(mixedBatchTraining(attack), batch), expected);
});

for (const objective of objectives.slice(1)) {
  test(`${objective.name}: on a partly trained network the attack stays in its ball and raises the mean loss`, () => {
    const training = plainEngine.train(network, { rules: new Map() });
    const batch = batchOf(training);
    for (let step = 0; step < 20; step++) {
      finish(naturalObjective().accumulate({ ...batch, step }));
      training.step({ rule: "sgdw", learningRate: 0.02, momentum: 0.9, weightDecay: 5e-4, trainable: "all" });
    }
    const partly = { ...network, tensors: training.tensors() };
    const before = meanLossOf(training, batch.images, batch.labels);
    assert.ok(before < meanLossOf(plainEngine.train(network, { rules: new Map() }), batch.images, batch.labels));
    const attacked = attackedBy(objective, batch, partly);
    assertInBall(attacked, batch);
    assert.ok(meanLossOf(training, attacked, batch.labels) > before);
  });
}

test("robust self-training is TRADES on the batch that it gets", () => {
  const batch = batchOf(plainEngine.train(network, { rules: new Map() }));
  const rst = rstObjective({ attack, beta: 6 });
  assert.deepEqual([rst.name, rst.forwardEquivalents], ["rst", 1 + 2 * 4 + 6]);
  const expected = gradientsAfter(tradesObjective({ attack, beta: 6 }), batch);
  for (const [name, gradient] of gradientsAfter(rst, batch)) assert.deepEqual(gradient, expected.get(name));
});

test("of a mixed batch of one image that image is attacked", () => {
  const training = plainEngine.train(network, { rules: new Map() });
  const batch = { ...batchOf(training), images: waveImages(1, [4, 4, 1]), labels: Uint8Array.of(2) };
  assert.notDeepEqual(attackedBy(mixedBatchTraining(attack), batch), batch.images);
});

for (const [objective, expected] of [
  [naturalObjective(), ["clean"]],
  [adversarialTraining(attack), ["attacked"]],
  [tradesObjective({ attack, beta: 6 }), ["clean", "attacked"]],
  [mixedBatchTraining(attack), ["attacked"]],
  [martObjective({ attack, beta: 6 }), ["clean", "attacked"]],
  [tradesObjective({ attack, beta: 6, statistics: hydra }), ["clean", "clean", "attacked", "clean"]],
  [mixedBatchTraining(attack, hydra), ["clean", "attacked"]],
  [martObjective({ attack, beta: 6, statistics: hydra }), ["clean", "clean", "attacked", "clean"]],
] as const) {
  test(`${objective.name} updates running statistics from ${expected.join(", then ")} images`, () => {
    const training = plainEngine.train(network, { rules: new Map() });
    const batch = batchOf(training);
    const seen: string[] = [];
    const forward = training.forward.bind(training);
    const update = training.updateStatistics.bind(training);
    const names = new Map<unknown, string>();
    training.forward = (images) => {
      const tape = forward(images);
      names.set(tape, images === batch.images ? "clean" : "attacked");
      return tape;
    };
    training.updateStatistics = (tape, variance) => {
      seen.push(names.get(tape) ?? "?");
      update(tape, variance);
    };
    finish(objective.accumulate({ ...batch, training }));
    assert.deepEqual(seen, expected);
  });
}

for (const objective of objectives) {
  test(`${objective.name}: an attack under way can be given up without a trace`, () => {
    const training = plainEngine.train(network, { rules: new Map() });
    const before = training.tensors();
    const calls = objective.accumulate(batchOf(training));
    for (let call = calls.next(); !call.done && call.value === "attack"; call = calls.next()) {
      assert.deepEqual(training.tensors(), before);
    }
    assert.notDeepEqual(training.tensors(), before);
  });

  test(`${objective.name}: a network of connections with theta trains as the dense one of the same weights`, () => {
    const dense = plainEngine.train(network, { rules: new Map() });
    const mortal = plainEngine.train(connected(network), {
      rules: new Map([
        ["conv", "mortal"],
        ["fc", "mortal"],
      ]),
    });
    for (const training of [dense, mortal]) {
      finish(objective.accumulate(batchOf(training)));
      training.step({ rule: "sgdw", learningRate: 0.001, momentum: 0.9, weightDecay: 5e-4, trainable: "all" });
    }
    for (const [name, tensor] of dense.tensors()) {
      const other = mortal.tensors().get(name);
      assert.equal(other?.values.length, tensor.values.length, "no theta crossed zero");
      assertClose(other?.values ?? [], tensor.values, 1e-6);
    }
  });
}

/** Images of the first training forward that are not the clean ones, seen on a training of its own. */
function attackedBy(objective: Objective, batch: Batch, from = network): Float32Array {
  const training = plainEngine.train(from, { rules: new Map() });
  const forward = training.forward.bind(training);
  const seen: Float32Array[] = [];
  training.forward = (images) => {
    if (images !== batch.images) seen.push(images);
    return forward(images);
  };
  finish(objective.accumulate({ ...batch, training }));
  const [attacked = new Float32Array(0)] = seen;
  return attacked;
}

function batchOf(training: Training): Batch {
  return {
    training,
    images: waveImages(6, [4, 4, 1]),
    labels: Uint8Array.of(0, 1, 2, 0, 1, 2),
    bounds: [0, 1],
    seed: 1,
    step: 3,
  };
}

function connected({ tensors, ...rest }: Network): Network {
  const asConnections = ([name, tensor]: [string, Tensor]): [string, Tensor] => {
    if (tensor.shape.length === 1 || tensor.type !== "dense") return [name, tensor];
    const index = Uint32Array.from(tensor.values, (_, i) => i);
    return [name, { type: "connections", shape: tensor.shape, index, values: tensor.values }];
  };
  return { ...rest, tensors: new Map([...tensors].map(asConnections)) };
}

function gradientsAfter(objective: Objective, batch: Batch): Map<string, Float32Array> {
  const training = plainEngine.train(network, { rules: new Map() });
  finish(objective.accumulate({ ...batch, training }));
  return new Map(
    ["conv.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias"].map((name) => [name, training.gradient(name)]),
  );
}

function assertSameGradients(found: Map<string, Float32Array>, expected: Map<string, Float32Array>): void {
  for (const [name, gradient] of expected) assertClose(found.get(name) ?? [], gradient, 1e-6);
}

function assertInBall(attacked: Float32Array, { images, bounds }: Batch): void {
  for (const [i, pixel] of attacked.entries()) {
    assert.ok(pixel >= bounds[0] && pixel <= bounds[1]);
    assert.ok(Math.abs(pixel - (images[i] ?? 0)) <= attack.epsilon + 1e-6);
  }
}

function meanLossOf(training: Training, images: Float32Array, labels: Uint8Array): number {
  return sum(crossEntropy(training.inference.logits(images), labels, 3).values);
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function finish<T>(calls: Generator<unknown, T>): T {
  let call = calls.next();
  while (!call.done) call = calls.next();
  return call.value;
}
