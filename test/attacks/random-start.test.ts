import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackBatch } from "../../src/attacks/attack.js";
import { randomStart } from "../../src/attacks/random-start.js";
import type { Norm } from "../../src/engines/engine.js";
import { inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { smoothNetwork } from "../support/golden-networks.js";

const SIZE = 12;
const COUNT = 2000;

function batchOf(norm: Norm, epsilon: number, indices: Uint32Array): AttackBatch {
  const images = new Float32Array(indices.length * SIZE).fill(0.5);
  const labels = new Int32Array(indices.length);
  const threat = { norm, epsilon, bounds: [0, 1] as const };
  return { inference: inferenceOf(smoothNetwork), threat, images, labels, indices, seed: 1 };
}

const everyIndex = Uint32Array.from({ length: COUNT }, (_, i) => i);

test("starts in the cube are uniform: every distance is as often shorter as its share of the radius", () => {
  const start = randomStart(batchOf("linf", 0.25, everyIndex), 1);
  const distances = start.map((pixel) => Math.abs(pixel - 0.5) / 0.25);
  assert.ok(distances.every((distance) => distance <= 1));
  for (const share of [0.1, 0.5, 0.9]) {
    assertClose([distances.filter((distance) => distance < share).length / distances.length], [share], 0.01);
  }
  assertClose([start.reduce((sum, pixel) => sum + pixel, 0) / start.length], [0.5], 0.005);
});

test("starts in the L2 ball are uniform: the share within a radius is its volume", () => {
  const start = randomStart(batchOf("l2", 0.25, everyIndex), 1);
  const lengths = Array.from({ length: COUNT }, (_, n) => {
    return Math.hypot(...start.subarray(n * SIZE, (n + 1) * SIZE).map((pixel) => pixel - 0.5)) / 0.25;
  });
  assert.ok(lengths.every((length) => length <= 1 + 1e-6));
  for (const radius of [0.8, 0.9, 0.97]) {
    const share = lengths.filter((length) => length < radius).length / COUNT;
    // Four standard deviations of a share of 2000 samples.
    assertClose([share], [radius ** SIZE], 0.045);
  }
});

test("starts stay in the bounds", () => {
  const start = randomStart(batchOf("linf", 3, everyIndex.subarray(0, 50)), 1);
  assert.ok(start.every((pixel) => pixel >= 0 && pixel <= 1));
  assert.ok(start.includes(0) && start.includes(1));
});

test("a sample's start hangs on its dataset index and the restart, not on its place in the batch", () => {
  for (const norm of ["linf", "l2"] as const) {
    const together = randomStart(batchOf(norm, 0.25, Uint32Array.of(7, 3)), 2);
    const alone = randomStart(batchOf(norm, 0.25, Uint32Array.of(3)), 2);
    assert.deepEqual(together.slice(SIZE), alone);
    assert.notDeepEqual(randomStart(batchOf(norm, 0.25, Uint32Array.of(3)), 1), alone);
    assert.notDeepEqual(randomStart(batchOf(norm, 0.25, Uint32Array.of(4)), 2), alone);
  }
});
