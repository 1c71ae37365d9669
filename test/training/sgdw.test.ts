import assert from "node:assert/strict";
import { test } from "node:test";
import { mortalStepInto, sgdStepInto, sgdwStepInto } from "../../src/training/sgdw.js";

const rates = { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 };

test("two steps of a mortal kernel give the golden values", () => {
  const kernel = {
    theta: Float32Array.of(0.5, -0.2, 1e-12, 0.001),
    momentum: Float32Array.of(0, -0.01, -0.02, 0),
    sign: Int8Array.of(1, -1, 1, -1),
  };
  assert.equal(mortalStepInto(kernel, { ...rates, gradient: Float32Array.of(1, 2, 0.3, -0.5) }), 1);
  near(kernel.momentum, [-0.1, -0.009, -0.048, -0.05]);
  near(kernel.theta, [0.39975, -0.2089, -0.048, -0.0490005]);
  assert.equal(mortalStepInto(kernel, { ...rates, gradient: Float32Array.of(0.2, 0, 0.1, -0.5) }), 1);
  near(kernel.momentum, [-0.11, -0.0081, -0.0432, -0.045]);
  near(kernel.theta, [0.289550125, -0.21689555, -0.091176, -0.093976]);
});

test("theta has the gradient that finite differences of w = s max(0, theta) give, and none where it is dormant", () => {
  const theta = [-0.1, 0, 1e-12, 0.3];
  const sign = [1, -1, -1, 1];
  // A loss with the gradient c + w at w.
  const c = [0.7, -0.4, 0.9, -1.1];
  const weight = (value: number, i: number) => (sign[i] ?? 1) * Math.max(0, value);
  const loss = (value: number, i: number) => (c[i] ?? 0) * weight(value, i) + weight(value, i) ** 2 / 2;
  const kernel = { theta: Float32Array.from(theta), momentum: new Float32Array(4), sign: Int8Array.from(sign) };
  const gradient = Float32Array.from(theta, (value, i) => (c[i] ?? 0) + weight(value, i));
  mortalStepInto(kernel, { learningRate: 1, momentum: 0, weightDecay: 0, gradient });
  for (const [i, value] of theta.entries()) {
    const h = value === 0.3 || value < 0 ? 1e-4 : 5e-13;
    // At 0, which is dormant, the difference from the left.
    const [from, to] = value === 0 ? [-h, 0] : [value - h, value + h];
    const difference = (loss(to, i) - loss(from, i)) / (to - from);
    const found = -(kernel.momentum[i] ?? 0);
    assert.ok(Math.abs(found - difference) < 1e-6, `theta ${value}: ${found}, ${difference} by differences`);
  }
  assert.equal(kernel.theta[1], 0);
});

test("an ordinary weight moves as the theta of a connection with positive sign", () => {
  const weight = { values: Float32Array.of(0.5), momentum: Float32Array.of(0.3) };
  const kernel = { theta: Float32Array.of(0.5), momentum: Float32Array.of(0.3), sign: Int8Array.of(1) };
  const gradient = Float32Array.of(-0.7);
  sgdwStepInto({ ...weight, gradient }, rates);
  mortalStepInto(kernel, { ...rates, gradient });
  assert.deepEqual(weight.values, kernel.theta);
  assert.deepEqual(weight.momentum, kernel.momentum);
});

test("noise reaches what was connected before the step and nothing else", () => {
  const kernel = { theta: Float32Array.of(0.5, -0.5), momentum: Float32Array.of(0, 0.8), sign: Int8Array.of(1, 1) };
  const plain = { theta: kernel.theta.slice(), momentum: kernel.momentum.slice(), sign: kernel.sign };
  const gradient = new Float32Array(2);
  mortalStepInto(plain, { ...rates, gradient });
  mortalStepInto(kernel, { ...rates, gradient, noise: { deviation: 0.25, normal: () => 1 } });
  assert.deepEqual([...kernel.theta], [Math.fround((plain.theta[0] ?? 0) + 0.25), plain.theta[1]]);
});

test("a recently dead connection with positive momentum comes back by itself", () => {
  const kernel = { theta: Float32Array.of(-0.001), momentum: Float32Array.of(0.01), sign: Int8Array.of(-1) };
  assert.equal(mortalStepInto(kernel, { ...rates, gradient: Float32Array.of(5) }), 1);
  assert.ok((kernel.theta[0] ?? 0) > 0);
});

test("a dormant connection is forgotten once its momentum is negligible", () => {
  const kernel = {
    theta: Float32Array.of(-0.25, -0.25),
    momentum: Float32Array.of(1.1e-12, -1.2e-12),
    sign: Int8Array.of(1, 1),
  };
  mortalStepInto(kernel, { ...rates, gradient: new Float32Array(2) });
  assert.deepEqual([...kernel.theta], [0, Math.fround(-0.25 + Math.fround(0.25 * Math.fround(5e-4)))]);
  assert.equal(kernel.momentum[0], 0);
});

test("coupled decay follows PyTorch's SGD over three steps", () => {
  const weight = { values: Float32Array.of(1), momentum: new Float32Array(1) };
  const seen = [];
  for (let step = 0; step < 3; step++) {
    sgdStepInto({ ...weight, gradient: Float32Array.of(0.5) }, { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });
    seen.push(weight.values[0] ?? 0, weight.momentum[0] ?? 0);
  }
  near(Float32Array.from(seen), [0.94999, 0.5001, 0.8549715001, 0.950184999, 0.719446300475, 1.35525199625]);
});

function near(found: Float32Array, expected: number[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs((found[i] ?? Number.NaN) - value);
    assert.ok(difference < 1e-7, `entry ${i}: found ${found[i]}, expected ${value}`);
  }
}
