import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnalyticNetwork, inferenceOf, samplesOf } from "../support/analytic-network.js";
import { collect, common, planned } from "../support/evaluations.js";
import { linearNetwork, smoothImages, smoothLabels, smoothNetwork } from "../support/golden-networks.js";

test("logits that are not finite are never a success, are no right answer, and are counted", async () => {
  const broken: AnalyticNetwork = {
    ...smoothNetwork,
    logits: (image) =>
      smoothNetwork.logits(image).map((logit, k) => ((image[0] ?? 0) > 0.6 && k === 1 ? Number.NaN : logit)),
  };
  const samples = samplesOf(smoothImages, smoothLabels);
  const options = { ...common, inference: inferenceOf(broken), samples, range: [0, 3] as const };
  const [clean, pgd] = await collect({ ...options, attacks: planned(["pgd20-det"], { epsilon: 0.2 }) });
  assert.deepEqual([...(clean?.robust ?? [])], [1, 0, 0]);
  assert.deepEqual(
    clean?.reliability.map(({ check, value }) => [check, value]),
    [["non-finite-logits", 2]],
  );
  assert.deepEqual([...(pgd?.robust ?? [])], [1, 0, 0]);
  assert.equal(pgd?.reliability.find(({ check }) => check === "non-finite-logits")?.value, 1);
});

test("images outside the ball are no success and are reported", async () => {
  const honest = inferenceOf(linearNetwork({ scale: 1 }));
  const far = {
    ...honest,
    ascend: (problem: Parameters<typeof honest.ascend>[0]) => honest.ascend({ ...problem, epsilon: 0.3 }),
  };
  const attacks = planned(["pgd5-det"]).map(({ recipe }) => ({ recipe, norm: "linf" as const, epsilon: 0.1 }));
  const stepping = attacks.map((attack) => ({ ...attack, recipe: { ...attack.recipe, stepSize: 0.1 } }));
  const [clean, pgd] = await collect({ ...common, inference: far, attacks: stepping });
  assert.deepEqual(pgd?.robust, clean?.robust);
  assert.deepEqual(
    pgd?.reliability.map(({ check, value }) => [check, value]),
    [["outside-ball", 35]],
  );
});

test("zero gradients and probabilities in place of logits are reported", async () => {
  const steep = await collect({
    ...common,
    inference: inferenceOf(linearNetwork({ scale: 1e5 })),
    attacks: planned(["pgd5x2"]),
  });
  assert.deepEqual(
    steep[1]?.reliability.map(({ check }) => check),
    ["zero-gradient"],
  );
  const probabilities: AnalyticNetwork = {
    ...smoothNetwork,
    logits(image) {
      const exponentials = smoothNetwork.logits(image).map(Math.exp);
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      return exponentials.map((value) => value / total);
    },
  };
  const samples = samplesOf(smoothImages, smoothLabels);
  const [clean] = await collect({
    ...common,
    inference: inferenceOf(probabilities),
    samples,
    range: [0, 3],
    attacks: [],
  });
  assert.deepEqual(
    clean?.reliability.map(({ check }) => check),
    ["softmax-output"],
  );
  const [sound, ...others] = await collect(common);
  assert.deepEqual(
    [sound, ...others].flatMap((outcome) => outcome?.reliability),
    [],
  );
});
