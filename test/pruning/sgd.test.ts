import assert from "node:assert/strict";
import { test } from "node:test";
import { sgdInto } from "../../src/pruning/sgd.js";

test("three steps give PyTorch's trace for momentum 0.9 and coupled decay 1e-4", () => {
  const values = Float32Array.of(1);
  const buffer = new Float32Array(1);
  const trace = [
    { value: 0.94999, velocity: 0.5001 },
    { value: 0.8549715001, velocity: 0.950184999 },
    { value: 0.719446300475, velocity: 1.35525199625 },
  ];
  for (const { value, velocity } of trace) {
    sgdInto(
      { values, gradient: Float32Array.of(0.5), buffer },
      { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    );
    assert.ok(Math.abs((values[0] ?? 0) - value) < 1e-7);
    assert.ok(Math.abs((buffer[0] ?? 0) - velocity) < 1.2e-7);
  }
});
