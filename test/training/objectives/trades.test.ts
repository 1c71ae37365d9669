import assert from "node:assert/strict";
import { test } from "node:test";
import { meanCrossEntropy } from "../../../src/training/objectives/mean-loss.js";
import { tradesLoss } from "../../../src/training/objectives/trades.js";
import { assertClose } from "../../support/assert-close.js";

const natural = Float32Array.of(2, 1, 0, 0.5, -0.5, 1.5);
const adversarial = Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4);
const labels = Uint8Array.of(0, 1);

test("the mean cross-entropies of two batches of logits are the golden ones", () => {
  assertClose([meanCrossEntropy(natural, labels).loss], [1.4076059644443806], 1e-6);
  assertClose([meanCrossEntropy(adversarial, labels).loss], [1.0834291761330954], 1e-6);
});

test("the TRADES loss and both its gradients are the golden ones", () => {
  const found = tradesLoss(natural, adversarial, { labels, beta: 6 });
  assertClose([found.loss], [2.6995449120558206], 1e-6);
  assertClose(found.natural, [0.6550738, -0.6763502, 0.0212764, -0.0913629, -0.8577206, 0.9490835], 1e-6);
  assertClose(found.adversarial, [-0.9511006, 0.9881056, -0.037005, 0.0737371, 0.716707, -0.7904441], 1e-6);
  assert.equal(found.correct, 1);
});
