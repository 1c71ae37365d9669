import assert from "node:assert/strict";
import { test } from "node:test";
import { stepSchedule } from "../../src/training/schedule.js";

test("both rates fall at half and three quarters, the boundary step still with the old ones", () => {
  const schedule = stepSchedule({ learningRate: 0.1, weightDecay: 5e-4, epochs: 200, stepsPerEpoch: 390 });
  const at = (step: number) => schedule({ step, epoch: 0 });
  assert.deepEqual(at(0), { learningRate: 0.1, weightDecay: 5e-4 });
  assert.deepEqual(at(39_000), { learningRate: 0.1, weightDecay: 5e-4 });
  assert.deepEqual(at(39_001), { learningRate: 0.1 / 10, weightDecay: 5e-4 / 10 });
  assert.deepEqual(at(58_500), { learningRate: 0.1 / 10, weightDecay: 5e-4 / 10 });
  assert.deepEqual(at(58_501), { learningRate: 0.1 / 100, weightDecay: 5e-4 / 100 });
});
