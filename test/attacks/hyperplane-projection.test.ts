import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BallNorm } from "../../src/attacks/attack.js";
import { displaceOntoPlane, lengthOf } from "../../src/attacks/hyperplane-projection.js";
import { assertClose } from "../support/assert-close.js";

const norms = ["linf", "l2", "l1"] as const;
const bounds = [0, 1] as const;

const point = Float32Array.of(0.2, 0.5, 0.9, 0.05);
const normal = Float32Array.of(1, -2, 0.5, 3);

/** For the plane with this offset: L∞, L2 and L1 displacement. */
const golden: readonly (readonly [number, ...(readonly number[][])])[] = [
  [0.1, [0.046154, -0.046154, 0.046154, 0.046154], [0.021053, -0.042105, 0.010526, 0.063158], [0, 0, 0, 0.1]],
  [1, [0.191667, -0.191667, 0.1, 0.191667], [0.084211, -0.168421, 0.042105, 0.252632], [0, 0, 0, 0.4]],
  [-2.5, ...norms.map(() => [-0.2, 0.5, -0.9, -0.05])],
  [5, ...norms.map(() => [0.8, -0.5, 0.1, 0.95])],
];

for (const [offset, ...expected] of golden) {
  test(`a point moves onto the plane at ${offset}, or to the corner, as published code moves it`, () => {
    for (const [i, norm] of norms.entries()) {
      assertClose(displacement(point, normal, offset, norm), expected[i] ?? [], 1e-6);
    }
  });
}

test("no weight, no move; a plane through the point, no move", () => {
  for (const norm of norms) {
    assert.equal(lengthOf(displacement(point, new Float32Array(4), 1, norm), norm), 0);
    assert.equal(lengthOf(displacement(point, normal, dot(normal, point), norm), norm), 0);
  }
});

test("numbers that are none end in some displacement", () => {
  for (const norm of norms) {
    assert.equal(displacement(point, Float32Array.of(1, Number.NaN, 1, 1), 0.1, norm).length, 4);
    assert.equal(displacement(point, normal, Number.NaN, norm).length, 4);
  }
});

const weight = fc.oneof(fc.constant(0), fc.double({ min: -3, max: 3, noNaN: true }));
const pixel = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const problems = fc.record({
  pixels: fc.array(fc.tuple(pixel, weight), { minLength: 1, maxLength: 20 }),
  offset: fc.double({ min: -4, max: 4, noNaN: true }),
});

test("the displacement stays inside the bounds, ends on the plane where it can, and none that bisection finds is shorter", () => {
  fc.assert(
    fc.property(problems, fc.constantFrom(...norms), ({ pixels, offset }, norm) => {
      const from = Float32Array.from(pixels, ([value]) => value);
      const w = Float32Array.from(pixels, ([, value]) => (Math.abs(value) < 1e-6 ? 0 : value));
      const delta = displacement(from, w, offset, norm);
      const target = from.map((value, i) => value + (delta[i] ?? 0));
      assert.ok(target.every((value) => value >= -1e-6 && value <= 1 + 1e-6));
      const [least, most] = [extreme(w, -1), extreme(w, 1)];
      const nearest = Math.min(most, Math.max(least, offset));
      assertClose([dot(w, target)], [nearest], 1e-5);
      assertClose([lengthOf(delta, norm)], [lengthOf(byBisection(from, w, offset, norm), norm)], 1e-6);
    }),
    { numRuns: 300 },
  );
});

function displacement(from: Float32Array, w: Float32Array, offset: number, norm: BallNorm): Float64Array {
  const out = new Float64Array(from.length);
  displaceOntoPlane(out, { point: from, normal: w, excess: dot(w, from) - offset, norm, bounds });
  return out;
}

/** The same displacement from 200 bisections of one number; for L1 of the weight from which on pixels move, then of the last one's part. */
function byBisection(from: Float32Array, w: Float32Array, offset: number, norm: BallNorm): Float64Array {
  const excess = dot(w, from) - offset;
  const towards = Array.from(w, (value) => -Math.sign(value) * Math.sign(excess));
  const room = towards.map((way, i) => (way === 0 ? 0 : way > 0 ? 1 - (from[i] ?? 0) : (from[i] ?? 0)));
  const ranks = Array.from(w.keys()).sort((i, j) => Math.abs(w[j] ?? 0) - Math.abs(w[i] ?? 0));
  const moves = (level: number) =>
    room.map((most, i) => {
      if (norm === "linf") return Math.min(level, most);
      if (norm === "l2") return Math.min(level * Math.abs(w[i] ?? 0), most);
      return most * Math.min(1, Math.max(0, level - ranks.indexOf(i)));
    });
  let [low, high] = [0, 1e9];
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2;
    const removed = moves(middle).reduce((sum, move, i) => sum + move * Math.abs(w[i] ?? 0), 0);
    if (removed < Math.abs(excess)) low = middle;
    else high = middle;
  }
  return Float64Array.from(moves(high), (move, i) => move * (towards[i] ?? 0));
}

/** The largest (side 1) or smallest (side -1) w · v of v in the unit box. */
function extreme(w: Float32Array, side: number): number {
  return w.reduce((sum, value) => sum + (value * side > 0 ? value : 0), 0);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
