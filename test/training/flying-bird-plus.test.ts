import assert from "node:assert/strict";
import { test } from "node:test";
import { TrainingTrends } from "../../src/training/flying-bird-plus.js";

test("before two epochs are judged there is no trend", () => {
  const trends = new TrainingTrends(null);
  assert.deepEqual([trends.overfits(), trends.isStuck()], [false, false]);
  follow(trends, { train: 0.5, robust: 0.4, loss: 2 });
  assert.deepEqual([trends.overfits(), trends.isStuck()], [false, false]);
});

test("half of the last four changes are enough, and what lies before them does not count", () => {
  const trends = new TrainingTrends(null);
  for (const [gap, loss] of [
    [0.9, 0.1],
    [0.1, 2],
    [0.2, 1.5],
    [0.3, 1],
    [0.2, 0.5],
  ] as const)
    follow(trends, { train: gap, robust: 0, loss });
  assert.deepEqual([trends.overfits(), trends.isStuck()], [true, false]);
  follow(trends, { train: 0.1, robust: 0, loss: 0.5 });
  assert.deepEqual([trends.overfits(), trends.isStuck()], [true, false]);
  follow(trends, { train: 0.05, robust: 0, loss: 0.5 });
  assert.deepEqual([trends.overfits(), trends.isStuck()], [false, true]);
});

test("a gap that stays as it is does not grow, a loss that stays does not fall", () => {
  const trends = new TrainingTrends(null);
  for (let i = 0; i < 3; i++) follow(trends, { train: 0.6, robust: 0.5, loss: 1.5 });
  assert.deepEqual([trends.overfits(), trends.isStuck()], [false, true]);
});

test("trends go on from their saved state, bit for bit", () => {
  const [whole, first] = [new TrainingTrends(null), new TrainingTrends(null)];
  const epochs = [0.11, 0.37, 0.29, 0.31, 0.33, 0.3, 0.41];
  for (const gap of epochs) follow(whole, { train: gap, robust: 0.01, loss: gap });
  for (const gap of epochs.slice(0, 3)) follow(first, { train: gap, robust: 0.01, loss: gap });
  const resumed = new TrainingTrends(first.state());
  for (const gap of epochs.slice(3)) follow(resumed, { train: gap, robust: 0.01, loss: gap });
  assert.deepEqual(resumed.state(), whole.state());
  assert.equal(resumed.overfits(), whole.overfits());
});

test("an epoch that was not judged under attack leaves no trace", () => {
  const trends = new TrainingTrends(null);
  follow(trends, { train: 0.5, robust: 0.4, loss: 1 });
  const before = trends.state();
  trends.follow({ trainAccuracy: 0.9, evaluation: null });
  assert.deepEqual(trends.state(), before);
});

interface Epoch {
  readonly train: number;
  readonly robust: number;
  readonly loss: number;
}

function follow(trends: TrainingTrends, { train, robust, loss }: Epoch): void {
  const evaluation = {
    step: 1,
    cleanAccuracy: 1,
    cleanLoss: 0,
    batchLoss: 0,
    robustAccuracy: robust,
    oneStepAccuracy: robust,
    robustLoss: loss,
  };
  trends.follow({ trainAccuracy: train, evaluation });
}
