import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ball, projectInto, stepInto } from "../../src/engines/norm-ball.js";
import { assertClose } from "../support/assert-close.js";

const linf: Ball = { norm: "linf", epsilon: 0.1, bounds: [0, 1] };
const l2: Ball = { norm: "l2", epsilon: 0.5, bounds: [0, 1] };

test("a sign step moves by the step size, not at a gradient of 0, and stops at the ball and the bounds", () => {
  const origin = Float32Array.of(0.5, 0.5, 0.5, 0.5, 0.95);
  const images = origin.slice();
  const gradient = Float32Array.of(3, -1e-30, 0, -0, 7);
  stepInto(images, { ball: linf, stepSize: 0.0625, shape: [1, 5, 1], origin, gradient });
  assertClose(images, [0.5625, 0.4375, 0.5, 0.5, 1], 0);
  stepInto(images, { ball: linf, stepSize: 0.0625, shape: [1, 5, 1], origin, gradient });
  assertClose(images, [0.6, 0.4, 0.5, 0.5, 1], 1e-7);
});

test("an L2 step has the step's length along the gradient, and beyond the radius each image is shortened to it", () => {
  const origin = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const images = origin.slice();
  const gradient = Float32Array.of(3e-9, 4e-9, 0, 0);
  const step = { ball: l2, stepSize: 0.25, shape: [1, 2, 1] as const, origin, gradient };
  stepInto(images, step);
  assertClose(images, [0.65, 0.7, 0.5, 0.5], 1e-7);
  stepInto(images, { ...step, stepSize: 1, ball: { ...l2, bounds: [-5, 5] } });
  assertClose(images, [0.8, 0.9, 0.5, 0.5], 1e-7);
});

test("radius 0 gives the origin back, without dividing by 0", () => {
  for (const norm of ["linf", "l2"] as const) {
    const origin = Float32Array.of(0.25, 0.5);
    const images = Float32Array.of(0.75, 0.5);
    projectInto(images, { ball: { norm, epsilon: 0, bounds: [0, 1] }, shape: [1, 2, 1], origin });
    assert.deepEqual(images, origin);
    stepInto(images, {
      ball: { norm, epsilon: 0, bounds: [0, 1] },
      stepSize: 0,
      shape: [1, 2, 1],
      origin,
      gradient: images,
    });
    assert.deepEqual(images, origin);
  }
});

test("every pixel and step is rounded to float32 where it stands", () => {
  const origin = Float32Array.of(0.3);
  const images = Float32Array.of(0.30000001192092896);
  const [stepSize, epsilon] = [2 / 255, 1 / 255];
  stepInto(images, { ball: { ...linf, epsilon }, stepSize, shape: [1, 1, 1], origin, gradient: Float32Array.of(1) });
  assert.equal(images[0], Math.fround(Math.fround(0.3) + Math.fround(1 / 255)));
});

const pixel = fc.float({ min: 0, max: 1, noNaN: true });
const anything = fc.float({ min: -3, max: 3, noNaN: true });
const images = fc.array(fc.tuple(pixel, anything, anything), { minLength: 12, maxLength: 12 });

for (const norm of ["linf", "l2"] as const) {
  test(`whatever the gradient, a step of ${norm} ends in the ball and the bounds`, () => {
    fc.assert(
      fc.property(images, fc.double({ min: 0, max: 2, noNaN: true }), (pixels, epsilon) => {
        const origin = Float32Array.from(pixels, ([value]) => value);
        const moved = Float32Array.from(pixels, ([, value]) => value);
        const gradient = Float32Array.from(pixels, ([, , value]) => value);
        stepInto(moved, { ball: { norm, epsilon, bounds: [0, 1] }, stepSize: 0.7, shape: [1, 2, 3], origin, gradient });
        assert.ok(moved.every((value) => value >= 0 && value <= 1));
        for (const from of [0, 6]) assert.ok(distance(moved, origin, from, norm) <= epsilon * (1 + 1e-5) + 1e-6);
      }),
    );
  });
}

test("projecting twice changes nothing beyond rounding", () => {
  fc.assert(
    fc.property(images, fc.constantFrom(linf, l2), (pixels, ball) => {
      const origin = Float32Array.from(pixels, ([value]) => value);
      const once = Float32Array.from(pixels, ([, value]) => value);
      projectInto(once, { ball, shape: [1, 2, 3], origin });
      const twice = once.slice();
      projectInto(twice, { ball, shape: [1, 2, 3], origin });
      assertClose(twice, once, 2e-7);
    }),
  );
});

test("images of a batch do not see each other", () => {
  const origin = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const gradient = Float32Array.of(1, 2, -300, 50);
  const together = origin.slice();
  stepInto(together, { ball: l2, stepSize: 0.3, shape: [1, 2, 1], origin, gradient });
  const parts = [0, 2].flatMap((from) => {
    const part = origin.slice(from, from + 2);
    const alone = { origin: part.slice(), gradient: gradient.slice(from, from + 2) };
    stepInto(part, { ball: l2, stepSize: 0.3, shape: [1, 2, 1], ...alone });
    return [...part];
  });
  assert.deepEqual([...together], parts);
});

function distance(a: Float32Array, b: Float32Array, from: number, norm: "linf" | "l2"): number {
  const differences = Array.from(a.subarray(from, from + 6), (value, i) => Math.abs(value - (b[from + i] ?? 0)));
  return norm === "linf" ? Math.max(...differences) : Math.hypot(...differences);
}
