import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { normalAt, Stream, stream } from "../../src/core/rng.js";
import { chiSquareBelow } from "../support/chi-square.js";

const hex = (numbers: Stream, count: number) =>
  Array.from({ length: count }, () => numbers.bits().toString(16).padStart(8, "0")).join(" ");

test("a block of Threefry-4x32-20 is that of the published test vectors", () => {
  assert.equal(hex(new Stream([0, 0, 0, 0], [0, 0, 0, 0]), 4), "9c6ca96a e17eae66 fc10ecd4 5256a7d8");
  assert.equal(hex(new Stream([-1, -1, -1, -1], [-1, -1, -1, -1]), 4), "2a881696 57012287 f6c7446e a16a6732");
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const;
  const key = [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89] as const;
  assert.equal(hex(new Stream(key, pi), 4), "59cd1dbb b8879579 86b5d00c ac8b6d84");
});

test("a stream is key [seed low, seed high, purpose, a] and counter [block, b, c, 0]", () => {
  const seed = 5 * 2 ** 32 + 9;
  const raw = [0, 1, 2].map((block) => hex(new Stream([9, 5, 7, 11], [block, 12, 13, 0]), 4)).join(" ");
  assert.equal(hex(stream(seed, "noise", 11, 12, 13), 12), raw);
});

test("streams of different seed, purpose or position differ", () => {
  const streams = [
    stream(0, "pgd"),
    stream(1, "pgd"),
    stream(2 ** 32, "pgd"),
    stream(1, "noise"),
    stream(1, "pgd", 1),
    stream(1, "pgd", 0, 1),
    stream(1, "pgd", 0, 0, 1),
  ];
  assert.equal(new Set(streams.map((numbers) => hex(numbers, 2))).size, streams.length);
});

test("uniform numbers are multiples of 2^-24 in [0, 1), evenly spread", () => {
  const numbers = stream(1, "augment");
  const counts = new Float64Array(100);
  for (let i = 0; i < 100_000; i++) {
    const value = numbers.uniform();
    assert.ok(value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24));
    const bin = Math.floor(value * 100);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  assert.ok(chiSquareBelow(counts, { expected: new Float64Array(100).fill(1000), probability: 0.999 }));
});

test("integers below a bound are evenly spread where 2^32 is far from a multiple of it", () => {
  // Without drawing again the first third would come twice as often.
  const below = 3 * 2 ** 30;
  const numbers = stream(3, "order");
  const counts = new Float64Array(4);
  for (let i = 0; i < 40_000; i++) {
    const quarter = Math.floor((numbers.integer(below) / below) * 4);
    counts[quarter] = (counts[quarter] ?? 0) + 1;
  }
  assert.ok(chiSquareBelow(counts, { expected: new Float64Array(4).fill(10_000), probability: 0.999 }));
});

test("integers stay below their bound, from 1 to 2^32", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (below, seed) => {
      const value = stream(seed, "order").integer(below);
      return Number.isInteger(value) && value >= 0 && value < below;
    }),
  );
});

test("the normals' bits are fixed: these ones, on every machine", () => {
  const numbers = stream(7, "noise", 1, 2);
  const values = Float64Array.from({ length: 4096 }, () => numbers.normal());
  assert.equal(
    createHash("sha256").update(values).digest("hex"),
    "be36c6345fa7bde5db15e04c53a4f23c952b2b8c50fdda4baa1c9088419fd0c3",
  );
  assert.deepEqual(
    [...values.subarray(0, 4)],
    [0.2268697470169643, 1.0239897627977546, 1.0963081995821629, 0.04315482814351459],
  );
});

test("normals at chosen indices are those that the stream gives in order, and what follows is a block's beginning", () => {
  const indices = fc.uniqueArray(fc.nat(400), { minLength: 1, maxLength: 30 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(), indices, (seed, a, chosen) => {
      const all = new Float32Array(408);
      stream(seed, "noise", a).fillNormal(all, 0.3);
      const numbers = stream(seed, "noise", a);
      const found = new Float32Array(chosen.length);
      numbers.fillNormalAt(found, 0.3, Uint32Array.from(chosen));
      assert.deepEqual(
        found,
        Float32Array.from(chosen, (i) => all[i] ?? 0),
      );
      const block = Math.floor((chosen.at(-1) ?? 0) / 4);
      assert.equal(Math.fround(Math.fround(0.3) * Math.fround(numbers.normal())), all[4 * block + 4]);
    }),
  );
});

test("normalAt gives what the stream gives in order", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(), fc.nat(), fc.nat(200), (seed, a, b, index) => {
      const numbers = stream(seed, "noise", a, b);
      for (let i = 0; i < index; i++) numbers.normal();
      assert.equal(normalAt(seed, "noise", a, b, index), numbers.normal());
    }),
  );
});

test("fills are the same numbers one by one, rounded to float32, and go on where the stream stands", () => {
  const [filled, single] = [stream(1, "pgd", 4), stream(1, "pgd", 4)];
  const uniforms = new Float32Array(11);
  filled.fillUniform(uniforms, -0.5, 1.5);
  assert.deepEqual(
    [...uniforms],
    Array.from({ length: 11 }, () => Math.fround(-0.5 + 2 * single.uniform())),
  );
  const normals = new Float32Array(7);
  filled.fillNormal(normals, 0.1);
  assert.deepEqual(
    [...normals],
    Array.from({ length: 7 }, () => Math.fround(Math.fround(0.1) * Math.fround(single.normal()))),
  );
  assert.equal(filled.bits(), single.bits());
});
