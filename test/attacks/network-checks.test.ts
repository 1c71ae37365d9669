/** Networks with a defence that fools attacks instead of withstanding them: each trips the one check that is made for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlannedAttack } from "../../src/attacks/evaluation-options.js";
import { countCorrect } from "../../src/attacks/outcome.js";
import { stream } from "../../src/core/rng.js";
import type { Inference } from "../../src/engines/engine.js";
import { type AnalyticNetwork, inferenceOf } from "../support/analytic-network.js";
import { collect, common, fail, planned } from "../support/evaluations.js";
import { linearNetwork } from "../support/golden-networks.js";

const plain = linearNetwork({ scale: 1 });

/** The linear network with some of its calls defended. */
function defended(change: (honest: Inference) => Partial<Inference>): Inference {
  const honest = inferenceOf(plain);
  return { ...honest, ...change(honest) };
}

const random = () => {
  const draws = stream(7, "order");
  return defended(({ logits }) => ({
    logits: (images) => logits(images).map((logit) => logit + 0.01 * draws.normal()),
  }));
};

const softmaxed = () => {
  const probabilities = (image: Float32Array) => {
    const exponentials = plain.logits(image).map(Math.exp);
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.map((value) => value / total);
  };
  const network: AnalyticNetwork = {
    ...plain,
    logits: probabilities,
    gradient(image, above) {
      const p = probabilities(image);
      const mean = p.reduce((sum, value, k) => sum + value * (above[k] ?? 0), 0);
      return plain.gradient(
        image,
        Float32Array.from(p, (value, k) => value * ((above[k] ?? 0) - mean)),
      );
    },
  };
  return inferenceOf(network);
};

const quantised = () => inferenceOf(linearNetwork({ scale: 1, levels: 32 }));

const stateful = () => {
  let seen = 0;
  return defended(({ logits, inputGradient }) => ({
    logits: (images) => logits(images).map((logit, i) => (i % 5 === 0 ? logit + 0.01 * seen : logit)),
    inputGradient(images, lossGradient) {
      seen++;
      return inputGradient(images, lossGradient);
    },
  }));
};

const batchDependent = () =>
  defended(({ logits }) => ({
    logits(images) {
      const outputs = logits(images);
      const mean = outputs.reduce((sum, logit) => sum + logit, 0) / outputs.length;
      return outputs.map((logit, i) => (i % 5 === 0 ? logit + mean : logit));
    },
  }));

const obfuscated = () =>
  defended(({ inputGradient }) => ({
    inputGradient(images, lossGradient) {
      const { logits, gradient } = inputGradient(images, lossGradient);
      return { logits, gradient: gradient.map((slope) => -slope) };
    },
  }));

const optimising = () => {
  const network = defended(({ logits }) => ({
    logits(images) {
      network.inputGradient(images, (outputs) => outputs.map(() => 0));
      return logits(images);
    },
  }));
  return network;
};

for (const [name, make, check] of [
  ["a random network", random, "randomised"],
  ["a softmax at the end", softmaxed, "softmax-output"],
  ["quantised input", quantised, "zero-gradient"],
  ["a network that a gradient changes", stateful, "stateful"],
  ["a network whose answer for an image hangs on the others", batchDependent, "batch-dependent"],
  ["a network with obfuscated gradients", obfuscated, "no-ascent"],
  ["a network that optimises while it classifies", optimising, "gradient-inside"],
] as const) {
  test(`${name} trips "${check}" and nothing else`, async () => {
    const attacks = planned(["apgd-ce"]);
    const outcomes = await collect({ ...common, inference: make(), attacks });
    const tripped = new Set(outcomes.flatMap(({ reliability }) => reliability.map((found) => found.check)));
    assert.deepEqual([...tripped], [check]);
  });
}

test("a plain network trips nothing", async () => {
  const outcomes = await collect({ ...common, attacks: planned(["apgd-ce", "apgd-t", "square", "fab-t"]) });
  assert.deepEqual(
    outcomes.flatMap(({ reliability }) => reliability),
    [],
  );
});

test("a plain network trips nothing in whatever order a weak attack, a strong one and Square come", async () => {
  const recipes = { weak: { base: "pgd5-det", steps: 1, stepSize: 0.001 }, square: { queries: 300 } };
  for (const names of [
    ["weak", "apgd-t", "square"],
    ["weak", "square", "apgd-t"],
    ["square", "weak", "apgd-t"],
    ["apgd-t", "square", "weak"],
  ]) {
    const outcomes = await collect({ ...common, attacks: planned(names, {}, recipes) });
    const left = (name: string) => countCorrect(outcomes.find(({ attack }) => attack.name === name) ?? fail());
    assert.ok(left("weak") > left("square") + 1 && left("square") >= left("apgd-t"));
    assert.deepEqual(
      outcomes.flatMap(({ reliability }) => reliability),
      [],
      names.join(),
    );
  }
});

test("looking for gradients inside leaves the network's own methods in place", async () => {
  const inference = inferenceOf(plain);
  const { inputGradient, ascend } = inference;
  await collect({ ...common, inference, attacks: [] });
  assert.equal(inference.inputGradient, inputGradient);
  assert.equal(inference.ascend, ascend);
});

const short = { few: { members: { "apgd-ce": { restarts: 1, steps: 5 }, square: { queries: 300 } } } };
const shortSquare = { ...short, square: { queries: 300 } };

test("Square is suspected when it finds what gradients do not, alone and as a member", async () => {
  const inference = quantised();
  for (const names of [["apgd-ce", "square"], ["square", "apgd-ce"], ["few"]]) {
    const outcomes = await collect({ ...common, inference, attacks: planned(names, {}, shortSquare) });
    const found = outcomes.map(({ reliability }) => reliability.find(({ check }) => check === "square-improves"));
    assert.ok((found.at(-1)?.value ?? 0) > 1, names.join());
    assert.deepEqual(
      found.slice(0, -1).filter((check) => check !== undefined),
      [],
    );
  }
});

test("what Square finds alone is said once, of all attacks in a ball together, whatever their order", async () => {
  const inference = quantised();
  const said = async (attacks: PlannedAttack[]) => {
    const outcomes = await collect({ ...common, inference, attacks });
    return outcomes.flatMap(({ reliability }) => reliability.filter(({ check }) => check === "square-improves"));
  };
  const ordered = (names: string[], epsilon = 0.01) => planned(names, { epsilon }, shortSquare);
  const orders = [
    ["fgsm", "square", "apgd-ce", "few"],
    ["few", "apgd-ce", "square", "fgsm"],
    ["square", "few", "fgsm", "apgd-ce"],
  ];
  const all = await Promise.all(orders.map((names) => said(ordered(names))));
  assert.equal(all[0]?.length, 1);
  for (const checks of all) assert.deepEqual(checks, all[0]);
  assert.deepEqual(await said(ordered(["square"])), [], "there is nothing to compare it with");
  assert.deepEqual(await said([...ordered(["apgd-ce"]), ...ordered(["square"], 0.02)]), [], "another ball");
});

test("a random network's accuracy under its ensemble is told over ten passes too", async () => {
  const recipes = { averaged: { members: { "apgd-ce": { steps: 5, eot: 4, restarts: 1 } } } };
  const attacks = planned(["averaged"], {}, recipes);
  const [, , whole] = await collect({ ...common, attacks });
  // Without randomness ten passes say what one says.
  assert.equal(whole?.repeatedAccuracy, countCorrect(whole ?? fail()) / 40);
  const [, member, varying] = await collect({ ...common, inference: random(), attacks });
  assert.equal(member?.repeatedAccuracy, undefined);
  assert.ok(Math.abs((varying?.repeatedAccuracy ?? 0) - (whole?.repeatedAccuracy ?? 1)) < 0.1);
});

test("who attacks with averages over randomness is not told that the network is random", async () => {
  const attacks = planned(["averaged"], {}, { averaged: { base: "apgd-ce", steps: 5, eot: 4 } });
  const outcomes = await collect({ ...common, inference: random(), attacks });
  assert.deepEqual(
    outcomes.flatMap(({ reliability }) => reliability),
    [],
  );
});
