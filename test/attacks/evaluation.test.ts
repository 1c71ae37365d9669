import assert from "node:assert/strict";
import { test } from "node:test";
import type { EvaluationOptions } from "../../src/attacks/evaluation-options.js";
import { parseAttacks } from "../../src/attacks/names.js";
import { countCorrect, type Outcome, resultFields } from "../../src/attacks/outcome.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { type AnalyticNetwork, inferenceOf, samplesOf } from "../support/analytic-network.js";
import { collect, common, everyAttack, fail, labels, planned, withImages, wrongOnes } from "../support/evaluations.js";
import { linearImages, linearLabels, linearNetwork } from "../support/golden-networks.js";

/** What the checks of the network take when there is one sample. They are no part of any attack. */
const CHECKS = { calls: 10, forwards: 9, gradients: 1 };

test("clean comes first, then each attack in its order, over all samples", async () => {
  const outcomes = await collect(common);
  assert.deepEqual(
    outcomes.map(({ attack }) => attack.name),
    ["clean", ...everyAttack],
  );
  const clean = [...(outcomes[0]?.robust ?? [])];
  assert.deepEqual(
    clean.flatMap((flag, i) => (flag === 0 ? [i] : [])),
    wrongOnes,
  );
  for (const { robust } of outcomes) assert.ok(robust.every((flag, i) => flag <= (clean[i] ?? 0)));
  assert.ok(outcomes.slice(1).every((outcome) => countCorrect(outcome) < 30));
});

test("samples that are wrong from the start are never attacked", async () => {
  const asked: number[][] = [];
  const samples = {
    ...common.samples,
    images(indices: Uint32Array): Float32Array {
      asked.push([...indices]);
      return common.samples.images(indices);
    },
  };
  await collect({ ...common, samples });
  // After the clean batches there is one to check the network.
  const afterClean = asked.slice(Math.ceil(40 / common.batchSize) + 1).flat();
  assert.ok(afterClean.length > 0);
  assert.ok(wrongOnes.every((index) => !afterClean.includes(index)));
});

test("outcomes do not depend on the batch size", async () => {
  const [one, seven, all] = await Promise.all([1, 7, 64].map((batchSize) => collect({ ...common, batchSize })));
  assert.deepEqual(flags(seven), flags(one));
  assert.deepEqual(flags(all), flags(one));
});

test("outcomes do not depend on the order of attacks, nor on which others run", async () => {
  const [, ...forwards] = await collect(common);
  const [, ...backwards] = await collect({ ...common, attacks: common.attacks.toReversed() });
  assert.deepEqual(flags(backwards.toReversed()), flags(forwards));
  const [, alone] = await collect({ ...common, attacks: planned(["pgd5x2"]) });
  assert.deepEqual(alone?.robust, forwards[2]?.robust);
});

test("shards put together are the whole", async () => {
  const whole = await collect(common);
  const shards = await Promise.all(
    [
      [0, 13],
      [13, 40],
    ].map(([from = 0, to = 0]) => collect({ ...common, range: [from, to] })),
  );
  for (const [i, { robust }] of whole.entries()) {
    assert.deepEqual(
      shards.flatMap((shard) => [...(shard[i]?.robust ?? [])]),
      [...robust],
    );
  }
});

test("permuting the data permutes what attacks without random numbers find", async () => {
  const order = Uint32Array.from({ length: 40 }, (_, i) => (i * 7 + 3) % 40);
  const permuted = samplesOf(
    common.samples.images(order),
    Int32Array.from(order, (index) => labels[index] ?? 0),
  );
  const attacks = planned(["fgsm", "pgd5-det"]);
  const before = await collect({ ...common, attacks });
  const after = await collect({ ...common, attacks, samples: permuted });
  for (const [i, { robust }] of after.entries()) {
    assert.deepEqual(
      [...robust],
      Array.from(order, (index) => before[i]?.robust[index]),
    );
  }
});

test("the same seed gives the same outcomes and images, another seed hardly other outcomes", async () => {
  const runs = await Promise.all(
    [1, 1, 2].map((seed) => withImages({ ...common, seed, attacks: planned(["pgd5x2"]) })),
  );
  const [first, again, other] = runs;
  assert.deepEqual(again, first);
  assert.notDeepEqual(other?.images, first?.images);
  const changed = first?.outcomes[1]?.robust.filter((flag, i) => flag !== other?.outcomes[1]?.robust[i]) ?? [];
  assert.ok(changed.length <= 1);
});

test("one more restart fools at least what fewer did", async () => {
  const inference = inferenceOf(linearNetwork({ scale: 1, levels: 32 }));
  const everySample = { samples: samplesOf(linearImages, linearLabels), range: [0, 100] as const };
  const restarts = (base: string) =>
    Object.fromEntries([1, 2, 6].map((n) => [`${base}x${n}`, { base, steps: 5, restarts: n }]));
  for (const names of [
    ["pgd3x1", "pgd3x2", "pgd3x6"],
    Object.keys(restarts("apgd-dlr")),
    Object.keys(restarts("apgd-t")),
  ]) {
    const attacks = planned(names, {}, { ...restarts("apgd-dlr"), ...restarts("apgd-t") });
    const outcomes = await collect({ ...common, ...everySample, inference, attacks });
    for (const [i, { robust }] of outcomes.entries()) {
      assert.ok(robust.every((flag, sample) => flag <= (outcomes[i - 1]?.robust[sample] ?? 1)));
    }
    assert.ok(countCorrect(outcomes.at(-1) ?? fail()) < countCorrect(outcomes[1] ?? fail()));
  }
});

test("a sample that is never fooled costs one forward a restart and its gradients, and all calls are counted", async () => {
  const inference = inferenceOf(linearNetwork({ scale: 1e5 }));
  const safe = { ...common, inference, samples: samplesOf(linearImages, linearLabels), range: [5, 6] as const };
  const [clean, fgsm, pgd] = await collect({ ...safe, attacks: planned(["fgsm", "pgd7x3"], { epsilon: 1e-6 }) });
  assert.deepEqual([clean?.forwards, clean?.gradients], [1, 0]);
  assert.deepEqual([fgsm?.forwards, fgsm?.gradients], [1, 1]);
  assert.deepEqual([pgd?.forwards, pgd?.gradients], [3, 21]);
  assert.deepEqual(inference.calls, { forwards: CHECKS.forwards + 5, gradients: CHECKS.gradients + 22 });
});

test("a sample that Auto-PGD never fools costs a gradient more than its steps and a forward, for each target", async () => {
  const inference = inferenceOf(linearNetwork({ scale: 1e5 }));
  const safe = { ...common, inference, samples: samplesOf(linearImages, linearLabels), range: [5, 6] as const };
  const full = { "apgd-ce": {}, "apgd-t": {}, "apgd-dlr": { steps: 10, eot: 20 } };
  const names = ["apgd-ce", "apgd-t", "apgd-dlr"];
  const [, ce, targeted, eot] = await collect({ ...safe, attacks: planned(names, { epsilon: 1e-6 }, full) });
  assert.deepEqual([ce?.forwards, ce?.gradients], [1, 101]);
  // The clean logits, which say what the targets are, are known already.
  assert.deepEqual([targeted?.forwards, targeted?.gradients], [4, 4 * 101]);
  assert.deepEqual([eot?.forwards, eot?.gradients], [1, 11 * 20]);
  // Without checks of the network: who asks for averages expects one that is random.
  assert.deepEqual(inference.calls, { forwards: 1 + 1 + 4 + 1, gradients: 101 + 404 + 220 });
});

test("Auto-PGD's images do not depend on what else is in the batch", async () => {
  const attacks = planned(["apgd-ce", "apgd-t"], { epsilon: 0.015 }, { "apgd-ce": { steps: 30 } });
  const [alone, together] = await Promise.all(
    [1, 40].map((batchSize) => withImages({ ...common, attacks, batchSize })),
  );
  assert.deepEqual(new Map(alone?.images), new Map(together?.images));
});

test("the second restart takes only what the first left", async () => {
  const [clean, once, twice] = await collect({ ...common, attacks: planned(["pgd5x1", "pgd5x2"]) });
  const attacked = countCorrect(clean ?? fail());
  const left = countCorrect(once ?? fail());
  assert.deepEqual([once?.forwards, once?.gradients], [attacked, 5 * attacked]);
  assert.deepEqual([twice?.forwards, twice?.gradients], [attacked + left, 5 * (attacked + left)]);
});

test("foolbox's accounting attacks clean errors too and counts those that an attack repairs", async () => {
  const recipes = { foolbox: { base: "pgd5-det", accounting: "foolbox" } };
  const [strict, foolbox] = parseAttacks({ names: ["pgd5-det", "foolbox"], recipes }).map((recipe) => ({
    recipe,
    norm: "linf" as const,
    epsilon: 0.001,
  }));
  const [, plain, other] = await collect({ ...common, attacks: [strict ?? fail(), foolbox ?? fail()] });
  assert.equal(plain?.foolboxCorrect, undefined);
  assert.deepEqual(other?.robust, plain?.robust);
  assert.equal(other?.gradients, 5 * 40);
  assert.equal(other?.foolboxCorrect, countCorrect(plain ?? fail()));
  // A label that the attack drives the network to: wrong when clean, right at the last iterate.
  const [, repaired] = await collect({ ...repairable(), attacks: [{ ...(foolbox ?? fail()), epsilon: 0.1 }] });
  assert.deepEqual([countCorrect(repaired ?? fail()), repaired?.foolboxCorrect], [0, 1]);
});

test("an interruption ends the evaluation before the next engine call, without an unfinished outcome", async () => {
  const inference = inferenceOf(linearNetwork({ scale: 1 }));
  let calls = 0;
  const hooks = { interrupted: () => ++calls >= 3 + CHECKS.calls + 3 };
  const outcomes = await collect({ ...common, inference, hooks });
  assert.deepEqual(
    outcomes.map(({ attack }) => attack.name),
    ["clean"],
  );
  assert.equal(calls, 3 + CHECKS.calls + 3);
  // Three clean batches, the checks, then one batch of FGSM (a gradient, a forward) and the gradient of the next.
  assert.deepEqual(inference.calls, { forwards: 40 + 8 * 32 + 1 + 16, gradients: 32 + 32 });
});

test("progress grows to its total within each attack", async () => {
  const last = new Map<string, { done: number; total: number }>();
  const progress = ({ attack, done, total }: { attack: string; done: number; total: number }) => {
    assert.ok(done > (last.get(attack)?.done ?? 0) && done <= total);
    last.set(attack, { done, total });
  };
  await collect({ ...common, hooks: { progress } });
  assert.deepEqual([...last.keys()], ["clean", ...everyAttack]);
  for (const { done, total } of last.values()) assert.equal(done, total);
});

test("the engine gets a turn of the event loop after every call", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await collect({ ...common, batchSize: 1, attacks: planned(["pgd50-det"]) });
  clearInterval(timer);
  assert.ok(turns > 3);
});

test("a result's fields hold the counts, the flags as bits and every constant", async () => {
  const [, , , outcome] = await collect(common);
  const fields = resultFields(outcome ?? fail());
  assert.deepEqual(fields.attack, {
    name: "pgd5x2",
    steps: 5,
    stepSize: (2.5 * 0.01) / 5,
    restarts: 2,
    randomStart: true,
    accounting: "strict",
  });
  assert.deepEqual([fields.samples, fields.range, fields.norm, fields.epsilon], [40, [0, 40], "linf", 0.01]);
  assert.equal(fields.accuracy, fields.correct / 40);
  assert.deepEqual(decodeOutcomes(fields.outcomes, 40, "outcomes"), outcome?.robust);
});

function flags(outcomes: readonly Outcome[] | undefined): number[][] {
  return outcomes?.map(({ robust }) => [...robust]) ?? [];
}

/** One sample below a cliff at 0.5: the ascent climbs from the wrong side over the edge onto the right one. */
function repairable(): EvaluationOptions {
  const network: AnalyticNetwork = {
    input: [1, 1, 1],
    classes: 2,
    logits: (image) => Float64Array.of(0, (image[0] ?? 0) < 0.5 ? 1 : -1),
    gradient: (_, above) => Float64Array.of(above[1] ?? 0),
  };
  const samples = samplesOf(Float32Array.of(0.44), Int32Array.of(0));
  return { ...common, inference: inferenceOf(network), samples, range: [0, 1] };
}
