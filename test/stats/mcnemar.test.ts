import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countPairs, mcnemarExact } from "../../src/stats/mcnemar.js";

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-11 * expected, `${actual} is not ${expected}`);
}

test("by hand: 0 against 5 is 2 · 1/32, and 1 against 9 is 2 · (1 + 10)/1024", () => {
  near(mcnemarExact(0, 5), 0.0625);
  near(mcnemarExact(1, 9), 0.021484375);
});

test("the exact binomial sums of larger counts, also where 2⁻ⁿ has left the range of a double", () => {
  near(mcnemarExact(10, 20), 0.09873714670538902);
  near(mcnemarExact(400, 500), 0.0009564441369189461);
  near(mcnemarExact(600, 500), 0.0028195449914364275);
  near(mcnemarExact(1000, 1200), 2.1817026407914712e-5);
  near(mcnemarExact(2400, 2600), 0.004883649737517518);
});

test("no discordant sample, and as many on both sides, are no evidence", () => {
  assert.equal(mcnemarExact(0, 0), 1);
  assert.equal(mcnemarExact(3, 3), 1);
  assert.equal(mcnemarExact(5000, 5000), 1);
});

test("the test does not care which network is named first, and p falls as the sides drift apart", () => {
  const counts = fc.integer({ min: 0, max: 3000 });
  fc.assert(
    fc.property(counts, counts, (b, c) => {
      assert.equal(mcnemarExact(b, c), mcnemarExact(c, b));
      const [small, large] = [Math.min(b, c), Math.max(b, c)];
      if (small > 0) assert.ok(mcnemarExact(small - 1, large + 1) <= mcnemarExact(small, large));
    }),
  );
});

test("pairs are counted by who is right", () => {
  const pairs = countPairs(Uint8Array.of(1, 1, 1, 0, 0, 0, 1), Uint8Array.of(1, 0, 0, 1, 0, 0, 0));
  assert.deepEqual(pairs, { both: 1, onlyFirst: 3, onlySecond: 1, neither: 2 });
});

test("counts that are none, and lists of different length, are refused", () => {
  assert.throws(() => mcnemarExact(-1, 2), RangeError);
  assert.throws(() => mcnemarExact(1.5, 2), RangeError);
  assert.throws(() => countPairs(new Uint8Array(2), new Uint8Array(3)), RangeError);
});
