import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import { type Augmentation, augmentBatch, cropInto, drawShift, shiftInto } from "../../src/data/augment.js";

const COUNTING = Float32Array.from({ length: 16 }, (_, i) => i);
const SQUARE = [4, 4, 1] as const;

test("a sub-pixel shift gives SciPy's values: clamped to the edge, then bilinear", () => {
  const out = new Float32Array(16);
  shiftInto(out, COUNTING, { shape: SQUARE, rows: 0.5, columns: -1.25, isMirrored: false });
  assert.deepEqual([...out], [2, 2, 2.75, 3.75, 6, 6, 6.75, 7.75, 10, 10, 10.75, 11.75, 12, 12, 12.75, 13.75]);
});

test("the mirror swaps left and right after the shift", () => {
  const out = new Float32Array(16);
  shiftInto(out, COUNTING, { shape: SQUARE, rows: 0.5, columns: -1.25, isMirrored: true });
  assert.deepEqual([...out.subarray(0, 8)], [3.75, 2.75, 2, 2, 7.75, 6.75, 6, 6]);
});

test("channels of a pixel stay together", () => {
  const image = Float32Array.of(0, 10, 1, 11, 2, 12, 3, 13);
  const out = new Float32Array(8);
  shiftInto(out, image, { shape: [2, 2, 2], rows: 0, columns: 1, isMirrored: false });
  assert.deepEqual([...out], [1, 11, 1, 11, 3, 13, 3, 13]);
});

test("a crop moves whole pixels and leaves zeros where nothing was", () => {
  const out = new Float32Array(16).fill(9);
  cropInto(out, COUNTING, { shape: SQUARE, rows: 1, columns: -2, isMirrored: false });
  assert.deepEqual([...out], [0, 0, 4, 5, 0, 0, 8, 9, 0, 0, 12, 13, 0, 0, 0, 0]);
  cropInto(out, COUNTING, { shape: SQUARE, rows: 1, columns: -2, isMirrored: true });
  assert.deepEqual([...out.subarray(0, 4)], [5, 4, 0, 0]);
  cropInto(out, COUNTING, { shape: SQUARE, rows: 4, columns: 0, isMirrored: false });
  assert.deepEqual(out, new Float32Array(16));
});

test("shifts are uniform within a tenth of the side and half of the images are mirrored", () => {
  const draws = Array.from({ length: 10_000 }, (_, sample) => drawShift(stream(1, "augment", 0, sample), [32, 32, 3]));
  const mean = (value: (draw: (typeof draws)[number]) => number) =>
    draws.reduce((sum, draw) => sum + value(draw), 0) / 10_000;
  for (const axis of ["rows", "columns"] as const) {
    assert.ok(draws.every((draw) => Math.abs(draw[axis]) <= 3.2));
    assert.ok(Math.abs(mean((draw) => Math.abs(draw[axis])) - 1.6) < 0.05);
    assert.ok(Math.abs(mean((draw) => draw[axis])) < 0.1);
  }
  assert.ok(Math.abs(mean((draw) => (draw.isMirrored ? 1 : 0)) - 0.5) < 0.02);
});

test("a crop takes each of the nine offsets of either axis equally often", () => {
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  const single = new Float32Array(81).fill(0);
  single[40] = 1;
  for (let sample = 0; sample < 4500; sample++) {
    const out = augmentBatch(single, [9, 9, 1], { kind: "crop", seed: 2, epoch: 0, sampleIndices: [sample] });
    const at = out.indexOf(1);
    rows.set(Math.floor(at / 9), (rows.get(Math.floor(at / 9)) ?? 0) + 1);
    columns.set(at % 9, (columns.get(at % 9) ?? 0) + 1);
  }
  for (const counts of [rows, columns]) {
    assert.equal(counts.size, 9);
    // 500 ± 21 expected: five deviations leave room for the seed, none for a missing offset.
    for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 105);
  }
});

test("an image is changed alike in any batch, and differently in another epoch, under another seed", () => {
  const batch = Float32Array.from({ length: 3 * 48 }, (_, i) => (i % 11) / 11);
  for (const kind of ["shift", "crop"] as const) {
    const options = { kind, seed: 3, epoch: 5 };
    const together = augmentBatch(batch, [4, 4, 3], { ...options, sampleIndices: [7, 1, 9] });
    const alone = augmentBatch(batch.subarray(48, 96), [4, 4, 3], { ...options, sampleIndices: [1] });
    assert.deepEqual(together.slice(48, 96), alone);
    const others = [{ epoch: 6 }, { seed: 4 }].map((other) =>
      augmentBatch(batch, [4, 4, 3], { ...options, ...other, sampleIndices: [7, 1, 9] }),
    );
    for (const other of others) assert.notDeepEqual(other, together);
  }
});

test("values stay in [0, 1] and the given images as they were", () => {
  const pixel = fc.float({ min: 0, max: 1, noNaN: true });
  const kinds = fc.constantFrom<Augmentation>("shift", "crop", "none");
  fc.assert(
    fc.property(fc.array(pixel, { minLength: 60, maxLength: 60 }), kinds, fc.nat(), (pixels, kind, sample) => {
      const images = Float32Array.from(pixels);
      const out = augmentBatch(images, [5, 4, 3], { kind, seed: 1, epoch: 0, sampleIndices: [sample] });
      assert.ok(out.every((value) => value >= 0 && value <= 1));
      assert.deepEqual(images, Float32Array.from(pixels));
    }),
  );
});

test("no augmentation gives the images themselves", () => {
  const options = { kind: "none", seed: 1, epoch: 0, sampleIndices: [0] } as const;
  assert.equal(augmentBatch(COUNTING, SQUARE, options), COUNTING);
});

for (const kind of ["shift", "crop"] as const) {
  test(`where nothing is mirrored a ${kind} moves images as far, and leaves their sides as they were`, () => {
    const image = Float32Array.from({ length: 12 * 12 }, (_, i) => (i % 12) / 12);
    const options = { kind, seed: 5, epoch: 0, sampleIndices: [0] } as const;
    const shape = [12, 12, 1] as const;
    const isRising = (row: Float32Array) => (row[6] ?? 0) > (row[5] ?? 0);
    let mirrored = 0;
    for (let seed = 0; seed < 40; seed++) {
      const half = augmentBatch(image, shape, { ...options, seed });
      const never = augmentBatch(image, shape, { ...options, seed, mirror: "never" });
      const middle = (rows: Float32Array) => rows.subarray(6 * 12, 7 * 12);
      assert.ok(isRising(middle(never)));
      if (isRising(middle(half))) assert.deepEqual(half, never);
      else mirrored++;
    }
    assert.ok(mirrored > 8 && mirrored < 32, String(mirrored));
  });
}
