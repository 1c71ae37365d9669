import assert from "node:assert/strict";
import { test } from "node:test";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { klDivergence } from "../../src/losses/kl-divergence.js";
import { assertClose } from "../support/assert-close.js";

const natural = Float32Array.of(2, 1, 0, 0.5, -0.5, 1.5);
const adversarial = Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4);
const labels = Int32Array.of(0, 1);
const beta = 6;

test("gives the method's golden values", () => {
  const { values } = klDivergence(natural, adversarial, 3);
  assertClose(values, [0.235242962, 0.195403354], 1e-7);
});

test("adds up to the golden TRADES loss and gradients", () => {
  const ce = crossEntropy(natural, labels, 3);
  const kl = klDivergence(natural, adversarial, 3);
  const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
  const loss = (total(ce.values) + beta * total(kl.values)) / 2;
  assertClose([loss], [2.6995449120558206], 1e-6);
  const gradientZ = Array.from(ce.gradient, (value, i) => (value + beta * (kl.gradientP[i] ?? 0)) / 2);
  assertClose(gradientZ, [0.6550738, -0.6763502, 0.0212764, -0.0913629, -0.8577206, 0.9490835], 1e-6);
  const gradientA = Array.from(kl.gradientQ, (value) => (beta * value) / 2);
  assertClose(gradientA, [-0.9511006, 0.9881056, -0.037005, 0.0737371, 0.716707, -0.7904441], 1e-6);
});

test("is 0 with zero gradients between equal logits, and unmoved by a shift of either side", () => {
  const same = klDivergence(natural, natural, 3);
  assert.deepEqual([...same.values], [0, 0]);
  assert.ok([...same.gradientP, ...same.gradientQ].every((value) => value === 0));
  const shifted = klDivergence(
    natural,
    adversarial.map((value) => value + 4),
    3,
  );
  assertClose(shifted.values, klDivergence(natural, adversarial, 3).values, 1e-6);
});

test("has the gradients that finite differences of the sum give", () => {
  const h = 2 ** -7;
  const sum = (p: Float32Array, q: Float32Array) => klDivergence(p, q, 3).values.reduce((a, b) => a + b, 0);
  const { gradientP, gradientQ } = klDivergence(natural, adversarial, 3);
  const moved = (values: Float32Array, i: number, by: number) => values.with(i, (values[i] ?? 0) + by);
  const alongP = natural.map(
    (_, i) => sum(moved(natural, i, h), adversarial) - sum(moved(natural, i, -h), adversarial),
  );
  const alongQ = natural.map(
    (_, i) => sum(natural, moved(adversarial, i, h)) - sum(natural, moved(adversarial, i, -h)),
  );
  assertClose(
    gradientP,
    alongP.map((value) => value / (2 * h)),
    1e-4,
  );
  assertClose(
    gradientQ,
    alongQ.map((value) => value / (2 * h)),
    1e-4,
  );
});

test("stays finite where a probability underflows", () => {
  const { values, gradientP, gradientQ } = klDivergence(Float32Array.of(2000, 0), Float32Array.of(0, 2000), 2);
  assert.deepEqual([...values], [2000]);
  assertClose([...gradientP, ...gradientQ], [0, 0, -1, 1], 0);
});

test("refuses batches of different sizes", () => {
  assert.throws(() => klDivergence(natural, adversarial.subarray(0, 3), 3), /6 and 3 logits/);
});
