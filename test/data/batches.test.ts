import assert from "node:assert/strict";
import { test } from "node:test";
import { epochOrder, toFloat } from "../../src/data/batches.js";
import type { ImageSet } from "../../src/data/image-set.js";

const SET: ImageSet = {
  name: "two",
  split: "train",
  ...{ height: 1, width: 2, channels: 2, samples: 2, sha256: "" },
  classes: ["a", "b"],
  labels: Uint8Array.of(0, 1),
  pixels: Uint8Array.of(0, 1, 2, 255, 51, 102, 153, 204),
};

test("an epoch's order has every sample once", () => {
  const order = epochOrder(1000, 1, 0);
  assert.deepEqual(
    order.toSorted(),
    Uint32Array.from({ length: 1000 }, (_, i) => i),
  );
});

test("the order belongs to seed and epoch", () => {
  assert.deepEqual(epochOrder(100, 1, 2), epochOrder(100, 1, 2));
  assert.notDeepEqual(epochOrder(100, 1, 2), epochOrder(100, 1, 3));
  assert.notDeepEqual(epochOrder(100, 1, 2), epochOrder(100, 2, 2));
});

test("all orders of three samples are equally likely", () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const order = epochOrder(3, 1, epoch).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  // 1000 ± 29 expected: five deviations leave room for the seed, none for the bias of a wrong shuffle (at least 111).
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 145, `${count} of 6000`);
});

test("a byte becomes the nearest float32 to its 255th", () => {
  const images = toFloat(SET, [1, 0]);
  assert.deepEqual(
    [...images],
    [51, 102, 153, 204, 0, 1, 2, 255].map((byte) => Math.fround(byte / 255)),
  );
});

test("an index outside of the set is an error, not zeros", () => {
  assert.throws(() => toFloat(SET, [2]), RangeError);
});
