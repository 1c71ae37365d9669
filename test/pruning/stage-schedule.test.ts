import assert from "node:assert/strict";
import { test } from "node:test";
import type { StageName, StageScheduleName } from "../../src/pruning/stage.js";
import { stageSchedule } from "../../src/pruning/stage-schedule.js";

/** Rates at epochs of a stage of 200 epochs of 10 steps, relative to the peak. */
function rates(schedule: StageScheduleName, stage: StageName, epochs: readonly number[]): number[] {
  const optimizer = { epochs: 200, schedule, learningRate: 1, weightDecay: 1e-4, momentum: 0.9 };
  const rateAt = stageSchedule({ stage, optimizer, steps: 2000, cycles: 10 });
  return epochs.map((epoch) =>
    Number(rateAt({ step: Math.floor(10 * epoch), epoch: Math.floor(epoch) }).learningRate.toPrecision(6)),
  );
}

test("step: a tenth from three quarters, a hundredth from nine tenths of each stage", () => {
  for (const stage of ["pretrain", "prune", "finetune"] as const)
    assert.deepEqual(rates("step", stage, [0, 149, 150, 179, 180, 199]), [1, 1, 0.1, 0.1, 0.01, 0.01]);
});

test("admm: pre-training by the cosine, retraining a tenth from epoch 80 and from epoch 150 of 200", () => {
  assert.deepEqual(rates("admm", "pretrain", [1, 101]), rates("cosine", "pretrain", [1, 101]));
  assert.deepEqual(rates("admm", "finetune", [0, 79, 80, 149, 150, 199]), [1, 1, 0.1, 0.1, 0.01, 0.01]);
});

test("admm: the prune stage begins again every 20 epochs of 200, a tenth after each third", () => {
  assert.deepEqual(
    rates("admm", "prune", [0, 6.6, 6.7, 13.3, 13.4, 19.9, 20, 26.7]),
    [1, 1, 0.1, 0.1, 0.01, 0.01, 1, 0.1],
  );
});
