import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { keepLargest, keptCount, maskChange } from "../../src/pruning/mask.js";

const golden = Float32Array.of(-0.3, 0.1, 0.25, -0.05, 0.4, 0.2, -0.15, 0.35, 0.02, -0.45);

test("the mask keeps the largest magnitudes at each ratio of the worked example", () => {
  const expected = new Map([
    [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [0.5, [0, 2, 4, 7, 9]],
    [0.3, [4, 7, 9]],
    [0.1, [9]],
    [0.01, [9]],
  ]);
  for (const [density, positions] of expected) {
    assert.deepEqual([...keepLargest(golden, keptCount(density, golden.length))], positions, `density ${density}`);
  }
});

test("among equal magnitudes the lower position is pruned first", () => {
  assert.deepEqual([...keepLargest(Float32Array.of(1, -1, 1, 2, -1), 3)], [2, 3, 4]);
  assert.deepEqual([...keepLargest(Float32Array.of(0, -0, 0), 1)], [2]);
});

test("selection agrees with a stable sort on a thousand tensors with many ties, and keeps exactly its count", () => {
  const scores = fc.array(fc.constantFrom(0, -0, 1e-45, 1e-12, 0.5, -0.5, 1, -1, 3.4e38), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(scores, fc.nat(), (values, draw) => {
      const kept = draw % (values.length + 1);
      assert.deepEqual([...keepLargest(Float32Array.from(values), kept)], sortedSelection(values, kept));
    }),
    { numRuns: 1000, seed: 1 },
  );
});

test("every kept magnitude is at least every pruned one for scores of any size", () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 200, noNaN: true }), fc.nat(), (values, draw) => {
      const kept = draw % (values.length + 1);
      const chosen = new Set(keepLargest(values, kept));
      assert.equal(chosen.size, kept);
      const magnitudes = (isKept: boolean) => [...values].filter((_, i) => chosen.has(i) === isKept).map(Math.abs);
      assert.ok(Math.max(...magnitudes(false)) <= Math.min(...magnitudes(true)));
    }),
    { numRuns: 300, seed: 2 },
  );
});

test("a large tensor, whose threshold is guessed first, is cut like a small one, whatever a sample of it says", () => {
  const size = 40_000;
  const draws = new Float32Array(size);
  stream(3, "score").fillNormal(draws, 1);
  const tensors = {
    normal: draws,
    "full of ties": draws.map((draw) => Math.round(draw * 4) / 4),
    equal: new Float32Array(size).fill(-2),
    "large where no sample looks": draws.map((draw, i) => (i % 9 === 0 ? draw / 1000 : draw)),
    "large where the samples look": draws.map((draw, i) => (i % 9 === 0 ? draw : draw / 1000)),
  };
  for (const [name, scores] of Object.entries(tensors)) {
    for (const kept of [0, 1, 400, 4000, 36_000, size]) {
      assert.deepEqual([...keepLargest(scores, kept)], sortedSelection([...scores], kept), `${name}, ${kept} kept`);
    }
  }
});

test("scores may be a view into a larger buffer", () => {
  const buffer = Float32Array.of(9, 9, 0.1, -0.3, 0.2, 9);
  assert.deepEqual([...keepLargest(buffer.subarray(2, 5), 2)], [1, 2]);
});

test("the change from one mask to the next is what left and what came", () => {
  const change = maskChange(Uint32Array.of(0, 2, 5, 7), Uint32Array.of(1, 2, 7, 9));
  assert.deepEqual([...change.drop], [0, 5]);
  assert.deepEqual([...change.grow], [1, 9]);
});

function sortedSelection(values: readonly number[], kept: number): number[] {
  const order = values.map((_, position) => position);
  // Array sort is stable, so equal magnitudes stay in ascending position.
  order.sort((a, b) => Math.abs(Math.fround(values[a] ?? 0)) - Math.abs(Math.fround(values[b] ?? 0)));
  return order.slice(values.length - kept).sort((a, b) => a - b);
}
