import assert from "node:assert/strict";
import { test } from "node:test";
import { cosineSchedule, stepSchedule } from "../../src/training/schedule.js";

test("both rates fall at half and three quarters, the boundary step still with the old ones", () => {
  const schedule = stepSchedule({ learningRate: 0.1, weightDecay: 5e-4, epochs: 200, stepsPerEpoch: 390 });
  const at = (step: number) => schedule({ step, epoch: 0 });
  assert.deepEqual(at(0), { learningRate: 0.1, weightDecay: 5e-4 });
  assert.deepEqual(at(39_000), { learningRate: 0.1, weightDecay: 5e-4 });
  assert.deepEqual(at(39_001), { learningRate: 0.1 / 10, weightDecay: 5e-4 / 10 });
  assert.deepEqual(at(58_500), { learningRate: 0.1 / 10, weightDecay: 5e-4 / 10 });
  assert.deepEqual(at(58_501), { learningRate: 0.1 / 100, weightDecay: 5e-4 / 100 });
});

test("the cosine falls from the full rates over half of them to 0", () => {
  const schedule = cosineSchedule({ learningRate: 0.1, weightDecay: 5e-4, epochs: 4, stepsPerEpoch: 10 });
  const share = (step: number) => schedule({ step, epoch: 0 }).learningRate / 0.1;
  assert.deepEqual(schedule({ step: 0, epoch: 0 }), { learningRate: 0.1, weightDecay: 5e-4 });
  assert.ok(Math.abs(share(20) - 0.5) < 1e-15 && Math.abs(share(10) - (2 + Math.SQRT2) / 4) < 1e-15);
  const last = schedule({ step: 39, epoch: 3 });
  assert.ok(last.learningRate > 0 && last.learningRate < 2e-4);
  assert.ok(Math.abs(last.weightDecay / last.learningRate - 5e-3) < 1e-15);
});
