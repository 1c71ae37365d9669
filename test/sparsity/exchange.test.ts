import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { dropFraction, exchangeAmongFree, exchangeAtRandom, exchangeByGradient } from "../../src/sparsity/exchange.js";

test("the share that is exchanged falls along a cosine: 0.3 at 0, half of it half way, next to nothing at the end", () => {
  const fraction = (step: number) => dropFraction(step, { alpha: 0.3, end: 75_000 });
  assert.equal(fraction(0), 0.3);
  assert.ok(Math.abs(fraction(37_500) - 0.15) < 1e-12);
  assert.ok(Math.abs(fraction(74_900) - 1e-6) < 4e-7, `${fraction(74_900)}`);
  assert.equal(fraction(75_001), 0);
});

test("by gradient: the smallest weights go, the largest gradients come, and one that is among both stays", () => {
  const layer = { index: Uint32Array.of(0, 2, 5, 7), values: Float32Array.of(-0.1, 3, 0.2, -4) };
  const gradient = Float32Array.of(-9, 1, 100, -5, 0, 2, 7, 100);
  const { drop, grow } = exchangeByGradient(layer, { count: 2, gradient });
  // 0 and 5 go; the largest among 0, 1, 3, 4, 5, 6 are 0 (9) and 6 (7), so 0 stays.
  assert.deepEqual([...drop], [5]);
  assert.deepEqual([...grow], [6]);
});

test("among equal weights and gradients the first positions are taken", () => {
  const layer = { index: Uint32Array.of(1, 3, 5), values: Float32Array.of(1, 1, 1) };
  const { drop, grow } = exchangeByGradient(layer, { count: 2, gradient: new Float32Array(8) });
  assert.deepEqual([...drop], [3]);
  assert.deepEqual([...grow], [0]);
});

test("an exchange keeps the number, drops the smallest and grows what was not there", () => {
  const layers = fc.uniqueArray(fc.nat({ max: 39 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(layers, fc.nat({ max: 999 }), fc.double({ min: 0, max: 1, noNaN: true }), (positions, seed, share) => {
      const index = Uint32Array.from(positions).sort();
      const values = new Float32Array(index.length);
      stream(seed, "initial-weight").fillNormal(values, 1);
      const gradient = new Float32Array(40);
      stream(seed, "score").fillNormal(gradient, 1);
      const count = Math.min(Math.trunc(share * index.length), 40 - index.length);
      const byGradient = exchangeByGradient({ index, values }, { count, gradient });
      const atRandom = exchangeAtRandom({ index, values }, { count, size: 40, random: stream(seed, "rewire") });
      assert.equal(atRandom.drop.length, count);
      for (const { drop, grow } of [byGradient, atRandom]) {
        assert.equal(drop.length, grow.length);
        assert.ok(drop.length <= count);
        assert.ok(grow.every((position, i) => !index.includes(position) && position > (grow[i - 1] ?? -1)));
        const gone = new Set(drop);
        const sizes = (isGone: boolean) =>
          [...values].map(Math.abs).filter((_, i) => gone.has(index[i] ?? -1) === isGone);
        if (atRandom.drop === drop) assert.ok(Math.max(-1, ...sizes(true)) <= Math.min(9, ...sizes(false)));
      }
    }),
    { seed: 1 },
  );
});

test("among all that is free: what has just gone may stay, others are as likely, and more or fewer may come than go", () => {
  const layer = { index: Uint32Array.of(0, 2, 5, 7), values: Float32Array.of(-0.1, 3, 0.2, -4) };
  const came = new Map<number, number>();
  for (let seed = 0; seed < 600; seed++) {
    const { drop, grow } = exchangeAmongFree(layer, { count: 2, grow: 3, size: 8, random: stream(seed, "rewire") });
    const kept = [0, 5].filter((position) => !drop.includes(position));
    assert.equal(kept.length + grow.length, 3);
    for (const position of [...kept, ...grow]) came.set(position, (came.get(position) ?? 0) + 1);
  }
  // Each of the six free positions comes in half of the draws.
  assert.deepEqual([...came.keys()].sort(), [0, 1, 3, 4, 5, 6]);
  for (const count of came.values()) assert.ok(Math.abs(count - 300) < 60, String([...came]));
});
