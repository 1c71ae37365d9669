import assert from "node:assert/strict";
import { test } from "node:test";
import { epochLine } from "../../src/training/epoch-line.js";
import { overfittingOf } from "../../src/training/overfitting.js";
import type { EpochRecord } from "../../src/training/trainer-records.js";
import { weightStatistics } from "../../src/training/weight-statistics.js";

const now = { cleanAccuracy: 0.75, robustAccuracy: 0.25, oneStepAccuracy: 0.625 };

test("robust overfitting is the best less now, catastrophic overfitting one step less many", () => {
  const best = { cleanAccuracy: 0.6, robustAccuracy: 0.5, oneStepAccuracy: 0.5 };
  assert.deepEqual(overfittingOf(now, best), { robustOverfitting: 0.25, catastrophicOverfitting: 0.375 });
  assert.equal(overfittingOf({ ...now, robustAccuracy: 0.625 }, best).robustOverfitting, 0);
});

test("without an attack in the selection neither is told", () => {
  const clean = { cleanAccuracy: 0.75, robustAccuracy: null, oneStepAccuracy: null };
  assert.deepEqual(overfittingOf(clean, clean), { robustOverfitting: null, catastrophicOverfitting: null });
  assert.deepEqual(overfittingOf(null, null), { robustOverfitting: null, catastrophicOverfitting: null });
});

test("the line of an epoch warns where single steps are all that is withstood", () => {
  const best = { epoch: 2, cleanAccuracy: 0.7, robustAccuracy: 0.5 };
  const record = {
    ...blank,
    ...now,
    ...{ epoch: 3, step: 60 },
    loss: 1.5,
    best,
    robustOverfitting: 0.25,
    catastrophicOverfitting: 0.375,
  };
  assert.equal(
    epochLine(record, 20),
    "epoch 3: loss 1.5000, clean 75.0 %, robust 25.0 %, best 50.0 % at epoch 2, one step 62.5 %, far above robust: the network may withstand single steps only",
  );
  assert.doesNotMatch(epochLine({ ...record, catastrophicOverfitting: 0.1 }, 20), /single steps/);
  const clean = { ...record, robustAccuracy: null, oneStepAccuracy: null, catastrophicOverfitting: null };
  assert.equal(
    epochLine({ ...clean, best: { ...best, robustAccuracy: null } }, 20),
    "epoch 3: loss 1.5000, clean 75.0 %, best 70.0 % at epoch 2",
  );
});

test("the line of a part of an epoch says which part, and that nothing is complete yet", () => {
  const best = { epoch: 0, cleanAccuracy: 0.1, robustAccuracy: null };
  const record = { ...blank, ...{ epoch: 1, step: 2, loss: 1.5, cleanAccuracy: 0.1, best } };
  assert.equal(
    epochLine(record, 20),
    "epoch 1 (2 of 20 steps): loss 1.5000, clean 10.0 %, best 10.0 % within the first epoch",
  );
  assert.match(epochLine({ ...record, epoch: 3, step: 47 }, 20), /^epoch 3 \(7 of 20 steps\): /);
});

test("statistics of weights: those that do something, the largest, the middle", () => {
  const tensor = (values: readonly number[]) =>
    ({ type: "dense", shape: [values.length], values: Float32Array.from(values) }) as const;
  assert.deepEqual(weightStatistics(tensor([-4, 1e-12, 2, 1])), { effective: 3, largest: 4, median: 1.5 });
  assert.deepEqual(weightStatistics(tensor([0.5, -0.25, 1e-7])), { effective: 2, largest: 0.5, median: 0.25 });
  assert.deepEqual(weightStatistics(tensor([])), { effective: 0, largest: null, median: null });
});

const blank: EpochRecord = {
  ...{ type: "train.epoch", phase: "train", epoch: 0, step: 0, loss: 0, learningRate: 0, trainAccuracy: 0 },
  ...{ cleanAccuracy: null, cleanLoss: null, batchLoss: null, robustAccuracy: null, oneStepAccuracy: null, best: null },
  ...{ robustOverfitting: null, catastrophicOverfitting: null },
  selection: { split: "train", samples: 1, rule: "val-pgd" },
  ...{ connections: 0, density: 1, reconnected: 0, layers: [], imagesPerSecond: 1, seconds: 0, memoryBytes: 0 },
};
