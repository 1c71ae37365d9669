import assert from "node:assert/strict";
import { test } from "node:test";
import { sgdStepInto } from "../../src/training/sgdw.js";

test("three steps of the pruning stages' optimiser give PyTorch's trace for momentum 0.9 and coupled decay 1e-4", () => {
  const values = Float32Array.of(1);
  const momentum = new Float32Array(1);
  const trace = [
    { value: 0.94999, velocity: 0.5001 },
    { value: 0.8549715001, velocity: 0.950184999 },
    { value: 0.719446300475, velocity: 1.35525199625 },
  ];
  for (const { value, velocity } of trace) {
    const constants = { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 };
    sgdStepInto({ values, momentum, gradient: Float32Array.of(0.5) }, constants);
    assert.ok(Math.abs((values[0] ?? 0) - value) < 1e-7);
    assert.ok(Math.abs((momentum[0] ?? 0) - velocity) < 1.2e-7);
  }
});
