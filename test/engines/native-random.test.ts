import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalAt } from "../../src/core/rng.js";
import { loadAddon } from "../../src/engines/addon.js";

/** The code of "noise" in core/rng.ts. */
const NOISE = 7;

test("the addon's normals are those of core/rng.ts, bit for bit", () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const addon = loadAddon();
  fc.assert(
    fc.property(fc.maxSafeNat(), word, word, fc.integer({ min: 0, max: 2 ** 32 - 10 }), (seed, a, b, first) => {
      const drawn = addon.normals(seed, NOISE, a, b, first, 9);
      assert.deepEqual(
        [...drawn],
        Array.from({ length: 9 }, (_, i) => normalAt(seed, "noise", a, b, first + i)),
      );
    }),
    { seed: 1, includeErrorInReport: true, numRuns: 3000 },
  );
});
