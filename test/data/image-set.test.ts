import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { type DecodedSplit, firstImages } from "../../src/data/image-set.js";

const SPLIT: DecodedSplit = {
  name: "three",
  split: "test",
  ...{ height: 1, width: 2, channels: 1 },
  classes: ["a", "b"],
  labels: Uint8Array.of(1, 0, 1),
  pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
};

test("the digest is over labels, then pixels, of the whole split, however many images are taken", () => {
  const expected = createHash("sha256")
    .update(Uint8Array.of(1, 0, 1, 1, 2, 3, 4, 5, 6))
    .digest("hex");
  assert.equal(firstImages(SPLIT).sha256, expected);
  assert.equal(firstImages(SPLIT, 2).sha256, expected);
});

test("a limit takes the first images", () => {
  const { samples, labels, pixels } = firstImages(SPLIT, 2);
  assert.deepEqual(
    { samples, labels, pixels },
    { samples: 2, labels: Uint8Array.of(1, 0), pixels: Uint8Array.of(1, 2, 3, 4) },
  );
});

test("more images than there are, or none, is a usage error", () => {
  for (const limit of [0, 4, 1.5, -1]) {
    assert.throws(
      () => firstImages(SPLIT, limit),
      (error) => error instanceof UsageError && error.message.includes("three has 3 test images"),
    );
  }
});
