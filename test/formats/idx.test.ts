import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { InputError } from "../../src/core/errors.js";
import { parseIdx, readIdx } from "../../src/formats/idx.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** By the format's description: 0, 0, type, dimensions, sizes, values. */
function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt32BE(0x800 + shape.length);
  for (const [i, size] of shape.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, values]);
}

test("an array of any shape is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), fc.nat(255), (shape, first) => {
      const values = Uint8Array.from({ length: shape.reduce((all, one) => all * one, 1) }, (_, i) => (first + i) % 256);
      const array = parseIdx(idx(shape, values), "x");
      assert.deepEqual(array.shape, shape);
      assert.deepEqual([...array.values], [...values]);
    }),
  );
});

test("a file is read gzipped or not, whatever its name", async (context) => {
  const path = join(temporaryFolder(context), "labels.gz");
  const bytes = idx([3], Uint8Array.of(7, 8, 9));
  for (const stored of [bytes, gzipSync(bytes)]) {
    writeFileSync(path, stored);
    assert.deepEqual([...(await readIdx(path, [3])).values], [7, 8, 9]);
  }
  await assert.rejects(readIdx(path, [4]), new InputError(`${path}: holds an array [3]; expected [4]`));
});

test("what is no whole idx array of bytes is refused with what was found", () => {
  const whole = idx([2, 2], Uint8Array.of(1, 2, 3, 4));
  const refused = (bytes: Uint8Array, pattern: RegExp) =>
    assert.throws(
      () => parseIdx(bytes, "f.idx"),
      (error) => error instanceof InputError && pattern.test(error.message),
    );
  refused(new Uint8Array(0), /^f\.idx: no idx file of bytes: it begins with ""/);
  refused(Uint8Array.of(0, 0, 8), /begins with "000008"/);
  refused(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), /begins with "00000d01"/);
  refused(Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0), /begins with "01000801"/);
  refused(whole.subarray(0, 9), /cut in its header: it has 9 bytes of 12/);
  refused(whole.subarray(0, 15), /has 15 bytes; an idx array \[2, 2\] takes 16/);
  refused(Buffer.concat([whole, Uint8Array.of(0)]), /has 17 bytes; .* takes 16/);
});
