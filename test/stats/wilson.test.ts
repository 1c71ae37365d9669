import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wilsonInterval } from "../../src/stats/wilson.js";

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

test("the interval is that of R's prop.test(8, 10, correct = FALSE)", () => {
  const { low, high } = wilsonInterval(8, 10);
  near(low, 0.4901624715366418);
  near(high, 0.9433178485456247);
});

test("5,120 of 10,000 are 51.2 % within a point on either side", () => {
  const { low, high } = wilsonInterval(5120, 10_000);
  near(low, 0.5022002749637299);
  near(high, 0.5217905090753739);
});

test("none and all of ten end exactly at 0 and 1, and the other end is z²/(n + z²) away", () => {
  const square = 1.959963984540054 ** 2;
  assert.equal(wilsonInterval(0, 10).low, 0);
  near(wilsonInterval(0, 10).high, square / (10 + square));
  assert.equal(wilsonInterval(10, 10).high, 1);
  near(wilsonInterval(10, 10).low, 10 / (10 + square));
});

test("the interval holds the share, mirrors with it, and solves (p − share)² = z² p (1 − p) / n at both ends", () => {
  const cases = fc
    .integer({ min: 1, max: 100_000 })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
  fc.assert(
    fc.property(cases, ([k, n]) => {
      const { low, high } = wilsonInterval(k, n);
      const mirrored = wilsonInterval(n - k, n);
      assert.ok(low <= k / n && k / n <= high);
      near(mirrored.low, 1 - high);
      for (const p of [low, high]) near((p - k / n) ** 2, (1.959963984540054 ** 2 * p * (1 - p)) / n);
    }),
  );
});

test("a share of nothing, or of more than all, is refused", () => {
  assert.throws(() => wilsonInterval(0, 0), RangeError);
  assert.throws(() => wilsonInterval(11, 10), RangeError);
  assert.throws(() => wilsonInterval(-1, 10), RangeError);
});
