import assert from "node:assert/strict";
import { test } from "node:test";
import { martLoss } from "../../../src/training/objectives/mart.js";
import { assertClose } from "../../support/assert-close.js";
import { finiteDifferences } from "../../support/finite-differences.js";

const natural = Float32Array.of(2, 1, 0, 0.5, -0.5, 1.5);
const adversarial = Float32Array.of(1, 1.5, -0.5, 0, 0.2, 0.4);
const choice = { labels: Uint8Array.of(0, 1), beta: 6 };

test("the MART loss and both its gradients are the golden ones", () => {
  const found = martLoss(natural, adversarial, choice);
  assertClose([found.loss], [2.5365638135546424], 1e-6);
  assertClose(found.natural, [0.1181612, -0.1524819, 0.0343207, -0.1815692, -0.4145027, 0.5960719], 1e-6);
  assertClose(found.adversarial, [-0.8789143, 0.904807, -0.0258926, 0.1113381, 0.206216, -0.3175541], 1e-6);
  assert.equal(found.correct, 0, "both attacked images are taken for another class");
});

test("without the divergence the golden boosted cross-entropy is left", () => {
  assertClose([martLoss(natural, adversarial, { ...choice, beta: 0 }).loss], [1.7668813232871245], 1e-6);
});

test("its gradients are those that finite differences give", () => {
  const found = martLoss(natural, adversarial, choice);
  assertClose(
    found.natural,
    finiteDifferences((z) => martLoss(z, adversarial, choice).loss, natural),
    1e-4,
  );
  // The rival changes hands nowhere near these logits, so differences see one smooth function.
  assertClose(
    found.adversarial,
    finiteDifferences((a) => martLoss(natural, a, choice).loss, adversarial),
    2e-4,
  );
});
