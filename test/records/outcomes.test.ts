import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/core/errors.js";
import { decodeOutcomes, encodeOutcomes } from "../../src/records/outcomes.js";

test("bit i % 8, least significant first, of byte i / 8 is sample i", () => {
  assert.equal(encodeOutcomes(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 1)), Buffer.of(1, 2).toString("base64"));
  assert.equal(encodeOutcomes(new Uint8Array(0)), "");
});

test("flags come back as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 1, maxLength: 40 }), (flags) => {
      assert.deepEqual(decodeOutcomes(encodeOutcomes(flags), flags.length, "x"), flags);
    }),
  );
});

test("a text that is no bit string of that many samples is refused", () => {
  const refused = (text: string, samples: number, pattern: RegExp) =>
    assert.throws(
      () => decodeOutcomes(text, samples, "a.ndjson:3"),
      (error) => {
        return error instanceof InputError && pattern.test(error.message);
      },
    );
  refused("AQI=", 8, /^a\.ndjson:3: the bit string has 2 bytes, 8 samples need base64 of 1 bytes$/);
  refused("AQI=", 17, /2 bytes, 17 samples need base64 of 3 bytes/);
  refused("AQ I=", 16, /samples need base64/);
  refused("AQI", 16, /samples need base64/);
  refused("AQI=", 9, /ones beyond its 9 samples/);
});
