import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAttacks } from "../../src/attacks/names.js";
import { weakerThanFgsm } from "../../src/attacks/reliability.js";
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
  const recipes = { "pgd5-det": { stepSize: 0.1 } };
  const stepping = parseAttacks({ names: ["pgd5-det"], recipes }).map((recipe) => {
    return { recipe, norm: "linf" as const, epsilon: 0.1 };
  });
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

test("PGD is suspected when FGSM beats it by more than chance", () => {
  assert.deepEqual(weakerThanFgsm({ many: "pgd50", left: 1, samples: 100 }), []);
  assert.deepEqual(weakerThanFgsm({ many: "pgd50", left: 30, samples: 10_000 }), []);
  const [check] = weakerThanFgsm({ many: "pgd50", left: 40, samples: 10_000 });
  assert.deepEqual([check?.check, check?.value], ["weaker-than-fgsm", 40]);
});

test("FGSM is compared with PGD of the same ball only, whichever came first", async () => {
  const gradient = (_: Float32Array, above: Float32Array) => Float64Array.of(above[1] ?? 0);
  // One step as long as the radius lands on the ridge; a short one does not reach it.
  const onRidge = (pixel: number) => pixel > 0.555 && pixel < 0.565;
  const network: AnalyticNetwork = {
    input: [1, 1, 1],
    classes: 2,
    logits: (image) => Float64Array.of(0, onRidge(image[0] ?? 0) ? 1 : -1),
    gradient,
  };
  const samples = samplesOf(new Float32Array(5).fill(0.5), new Int32Array(5));
  const options = { ...common, inference: inferenceOf(network), samples, range: [0, 5] as const };
  const walkPast = parseAttacks({ names: ["short"], recipes: { short: { base: "pgd1-det", stepSize: 0.02 } } });
  const [recipe] = walkPast;
  assert.ok(recipe !== undefined);
  const attacks = [...planned(["fgsm"], { epsilon: 0.06 }), { recipe, norm: "linf" as const, epsilon: 0.06 }];
  const [, , suspicious] = await collect({ ...options, attacks });
  assert.deepEqual(
    suspicious?.reliability.map(({ check }) => check),
    ["weaker-than-fgsm"],
  );
  const [, , turned] = await collect({ ...options, attacks: attacks.toReversed() });
  assert.deepEqual(turned?.reliability, suspicious?.reliability);
  const elsewhere = [...planned(["fgsm"], { epsilon: 0.06 }), { recipe, norm: "l2" as const, epsilon: 0.06 }];
  const [, , unsuspected] = await collect({ ...options, attacks: elsewhere });
  assert.deepEqual(unsuspected?.reliability, []);
});
