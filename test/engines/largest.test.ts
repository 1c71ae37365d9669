import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { loadAddon } from "../../src/engines/addon.js";
import { largestMagnitudes } from "../../src/engines/largest.js";
import { plainLargest } from "../../src/engines/plain-largest.js";

const addon = loadAddon();
const TIES = ["first", "last"] as const;

/** Both zeros, denormals, neighbours, infinities. */
const INFINITIES = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const specials = [0, -0, 1e-45, -1e-45, 1.1754942e-38, 1.1754944e-38, 1, -1, 1.0000001, 3.4e38, -3.4e38, ...INFINITIES];

/** Of those, and of two that are not numbers. */
const specialBits = [...new Uint32Array(Float32Array.from(specials).buffer), 0xffc00001, 0x7f800001];

function assertSame(values: Float32Array, count: number, what = ""): void {
  for (const ties of TIES) {
    const plain = plainLargest(values, { count, ties });
    assert.deepEqual(addon.largest(values, count, ties === "first"), plain, `${what}, ${count} chosen, ties ${ties}`);
  }
}

test("the plain definition chooses what a stable sort by magnitude does, whichever of equal ones go first", () => {
  const arrays = fc.array(fc.constantFrom(...specials), { maxLength: 60 });
  fc.assert(
    fc.property(arrays, fc.nat(), (numbers, draw) => {
      const values = Float32Array.from(numbers);
      const count = draw % (values.length + 1);
      for (const ties of TIES)
        assert.deepEqual([...plainLargest(values, { count, ties })], sorted(values, count, ties));
    }),
    { numRuns: 1000, seed: 1 },
  );
});

test("the addon chooses the positions that the plain definition does, for any bits, counts and ties", () => {
  const words = fc.array(fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(...specialBits)), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(words, fc.nat(), (bits, draw) => {
      const values = new Float32Array(Uint32Array.from(bits).buffer);
      assertSame(values, draw % (values.length + 1));
      assertSame(values, 0);
      assertSame(values, values.length);
    }),
    { numRuns: 1000, seed: 2 },
  );
});

test("in a large array, whose cut is guessed from a sample first, the choice is the same, whatever the sample says", () => {
  const size = 40_003;
  const draws = new Float32Array(size);
  stream(3, "score").fillNormal(draws, 1);
  const arrays = {
    normal: draws,
    "full of ties": draws.map((draw) => Math.round(draw * 4) / 4),
    equal: new Float32Array(size).fill(-2),
    zeros: new Float32Array(size).map((_, i) => (i % 2 === 0 ? 0 : -0)),
    "mostly zeros": draws.map((draw, i) => (i % 50 === 0 ? draw : 0)),
    "not a number here and there": draws.map((draw, i) => (i % 7 === 0 ? Number.NaN : draw)),
    "large where no sample looks": draws.map((draw, i) => (i % 9 === 0 ? draw / 1000 : draw)),
    "large where the samples look": draws.map((draw, i) => (i % 9 === 0 ? draw : draw / 1000)),
    ascending: draws.slice().sort(),
  };
  for (const [name, values] of Object.entries(arrays)) {
    for (const count of [0, 1, 2, 400, 4000, 20_000, 36_000, size - 1, size]) assertSame(values, count, name);
  }
});

test("values may be a view into a larger buffer, and are not changed", () => {
  const buffer = Float32Array.of(9, 9, 0.1, -0.3, 0.2, 9);
  const before = buffer.slice();
  assert.deepEqual([...largestMagnitudes(buffer.subarray(2, 5), { count: 2, ties: "first" })], [1, 2]);
  assertSame(buffer.subarray(2, 5), 2);
  assert.deepEqual(buffer, before);
});

test("a count that there is not is an error that names it", () => {
  for (const count of [-1, 4, 1.5, Number.NaN]) {
    assert.throws(() => largestMagnitudes(new Float32Array(3), { count, ties: "last" }), { name: "RangeError" });
  }
  assert.throws(() => addon.largest(new Float64Array(3) as never, 1, true), { name: "TypeError", message: /values/ });
  assert.throws(() => addon.largest(new Float32Array(3), 4, true), { name: "RangeError", message: /count is 4/ });
  assert.throws(() => addon.largest(new Float32Array(3), 1, 1 as never), { name: "TypeError", message: /first/ });
});

function sorted(values: Float32Array, count: number, ties: "first" | "last"): number[] {
  const order = [...values.keys()];
  const before = (a: number, b: number) => (ties === "first" ? a - b : b - a);
  order.sort((a, b) => magnitude(values[b]) - magnitude(values[a]) || before(a, b));
  return order.slice(0, count).sort((a, b) => a - b);
}

/** Infinity as a finite number, so that two of them compare as equal. */
function magnitude(value = 0): number {
  return Math.min(Math.abs(value), Number.MAX_VALUE);
}
