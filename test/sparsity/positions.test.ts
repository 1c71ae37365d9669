import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { drawPositions, freePositions, without } from "../../src/sparsity/positions.js";
import { chiSquareBelow } from "../support/chi-square.js";

const draws = fc.record({ size: fc.integer({ min: 1, max: 200 }), seed: fc.nat() }).chain(({ size, seed }) =>
  fc.record({
    size: fc.constant(size),
    seed: fc.constant(seed),
    taken: fc.uniqueArray(fc.nat(size - 1), { maxLength: size }).map((list) => Uint32Array.from(list).sort()),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

test("drawn positions are ascending, distinct, in range, as many as asked, and none was taken", () => {
  fc.assert(
    fc.property(draws, ({ size, seed, taken, share }) => {
      const count = Math.floor(share * (size - taken.length));
      const drawn = drawPositions(stream(seed, "rewire"), { count, size, taken });
      assert.equal(drawn.length, count);
      for (const [i, position] of drawn.entries()) {
        assert.ok(position < size && !taken.includes(position));
        assert.ok(i === 0 || position > (drawn[i - 1] ?? 0));
      }
    }),
  );
});

test("what is left of a list without another, and of all positions, are the entries that the other lacks", () => {
  const list = Uint32Array.of(0, 3, 4, 9);
  assert.deepEqual([...without(list, Uint32Array.of(1, 3, 9, 12))], [0, 4]);
  assert.deepEqual([...without(list, new Uint32Array(0))], [...list]);
  assert.deepEqual([...without(list, list)], []);
  assert.deepEqual([...freePositions(11, list)], [1, 2, 5, 6, 7, 8, 10]);
  assert.deepEqual([...freePositions(4, new Uint32Array(0))], [0, 1, 2, 3]);
});

for (const [way, taken] of [
  ["drawn by rejection", 4000],
  ["taken from a list", 9000],
] as const) {
  test(`positions ${way} are uniform among the free ones`, () => {
    const size = 10_000;
    const held = Uint32Array.from({ length: taken }, (_, i) => size - taken + i);
    const bins = new Float64Array(100);
    const free = size - taken;
    for (let repeat = 0; repeat < 100; repeat++) {
      const drawn = drawPositions(stream(5, "rewire", repeat), { count: free / 4, size, taken: held });
      for (const position of drawn) {
        const bin = Math.floor((100 * position) / free);
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
    }
    assert.ok(chiSquareBelow(bins, { expected: bins.map(() => free / 4), probability: 0.999 }));
  });
}
