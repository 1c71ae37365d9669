import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { smallestSurplus } from "../../src/stats/detectable.js";
import { holm } from "../../src/stats/holm.js";
import { mcnemarExact } from "../../src/stats/mcnemar.js";
import { newcombePaired } from "../../src/stats/newcombe.js";
import { pairedSpread, spreadOf } from "../../src/stats/spread.js";
import { studentQuantile, studentTwoSided } from "../../src/stats/student.js";
import { assertClose } from "../support/assert-close.js";

test("the paired interval is that of Newcombe's worked example, 36, 12, 2, 0", () => {
  const { low, high } = newcombePaired({ both: 36, onlyFirst: 12, onlySecond: 2, neither: 0 });
  assertClose([low, high], [0.0569, 0.3404], 5e-5);
});

test("exchanging the networks mirrors the interval, and it holds the difference", () => {
  const count = fc.integer({ min: 0, max: 500 });
  fc.assert(
    fc.property(count, count, count, count, (both, onlyFirst, onlySecond, neither) => {
      const samples = both + onlyFirst + onlySecond + neither;
      fc.pre(samples > 0);
      const here = newcombePaired({ both, onlyFirst, onlySecond, neither });
      const there = newcombePaired({ both, onlyFirst: onlySecond, onlySecond: onlyFirst, neither });
      assertClose([here.low, here.high], [-there.high, -there.low], 1e-12);
      const difference = (onlyFirst - onlySecond) / samples;
      assert.ok(here.low <= difference + 1e-12 && difference <= here.high + 1e-12);
      assert.ok(here.low >= -1 && here.high <= 1);
    }),
  );
});

test("Holm multiplies the smallest p by the number of tests and never lets a larger p fall below it", () => {
  assertClose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], 1e-15);
  assertClose(holm([0.9, 0.8]), [1, 1], 0);
  assert.deepEqual(holm([]), []);
});

test("below six samples that differ no surplus shows; from six on the smallest one is found", () => {
  assert.equal(smallestSurplus(0), 6);
  assert.equal(smallestSurplus(5), 6);
  assert.equal(smallestSurplus(6), 6);
  for (const discordant of [7, 20, 100, 1001]) {
    const surplus = smallestSurplus(discordant);
    const p = (by: number) => mcnemarExact((discordant + by) / 2, (discordant - by) / 2);
    assert.ok(p(surplus) < 0.05 && p(surplus - 2) >= 0.05, `${discordant}: ${surplus}`);
  }
});

test("Student's t has the tabled quantiles", () => {
  const table = [[1, 12.706], [2, 4.303], [5, 2.571], [30, 2.042]] as const; // biome-ignore format: a table
  for (const [freedom, t] of table) assertClose([studentQuantile(0.05, freedom)], [t], 5e-4);
  assertClose([studentTwoSided(1, 1)], [0.5], 1e-14);
  assert.equal(studentTwoSided(0, 3), 1);
});

test("three seeds by hand: differences 1, 2, 3", () => {
  const { mean, deviation, interval, p } = pairedSpread([1, 2, 3]);
  assertClose([mean, deviation], [2, 1], 1e-15);
  assertClose(
    [interval.low, interval.high, p],
    [2 - 4.302653 / Math.sqrt(3), 2 + 4.302653 / Math.sqrt(3), 0.0741799],
    1e-6,
  );
  assert.equal(pairedSpread([0, 0]).p, 1);
  assert.throws(() => spreadOf([1]), RangeError);
});
