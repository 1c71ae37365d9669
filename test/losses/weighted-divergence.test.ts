import assert from "node:assert/strict";
import { test } from "node:test";
import { klDivergence } from "../../src/losses/kl-divergence.js";
import { weightedDivergence } from "../../src/losses/weighted-divergence.js";
import { assertClose } from "../support/assert-close.js";
import { finiteDifferences } from "../support/finite-differences.js";

const natural = Float32Array.of(2, 1, 0, 0.5, -0.5, 1.5);
const adversarial = Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4);
const choice = { labels: Uint8Array.of(0, 1), classes: 3 };

test("has the golden mean", () => {
  const { values } = weightedDivergence(natural, adversarial, choice);
  assertClose([values.reduce((sum, value) => sum + value, 0) / 2], [0.12828041504458634], 1e-7);
});

test("has the gradients that finite differences of the sum give, through the weight too", () => {
  const { gradientP, gradientQ } = weightedDivergence(natural, adversarial, choice);
  const sum = (p: Float32Array, q: Float32Array) => weightedDivergence(p, q, choice).values.reduce((a, b) => a + b, 0);
  assertClose(
    gradientP,
    finiteDifferences((moved) => sum(moved, adversarial), natural),
    1e-4,
  );
  assertClose(
    gradientQ,
    finiteDifferences((moved) => sum(natural, moved), adversarial),
    1e-4,
  );
});

test("a clean image classified with confidence counts nothing, a misclassified one in full", () => {
  const z = Float32Array.of(60, 0, 60, 0);
  const a = Float32Array.of(1, 0, 1, 0);
  const { values } = weightedDivergence(z, a, { labels: Uint8Array.of(0, 1), classes: 2 });
  const plain = klDivergence(z, a, 2).values;
  assertClose(values, [1e-7 * (plain[0] ?? 0), plain[1] ?? 0], 1e-7);
});

test("refuses labels that do not fit", () => {
  assert.throws(
    () => weightedDivergence(natural, adversarial, { labels: Uint8Array.of(0), classes: 3 }),
    /6 logits are not 1 samples/,
  );
});
