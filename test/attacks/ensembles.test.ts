import assert from "node:assert/strict";
import { test } from "node:test";
import { countCorrect, type Outcome, resultFields } from "../../src/attacks/outcome.js";
import { inferenceOf, samplesOf } from "../support/analytic-network.js";
import { collect, common, fail, planned, wrongOnes } from "../support/evaluations.js";
import { linearImages, linearLabels, linearNetwork } from "../support/golden-networks.js";

/** Short ones of the standard ensemble, so that each has something left to do. */
const recipes = {
  few: {
    members: {
      "pgd2-det": {},
      "apgd-ce": { steps: 3, restarts: 1 },
      "apgd-t": { steps: 8, targets: 2 },
      square: { queries: 20 },
    },
  },
};
const ensemble = { ...common, attacks: planned(["few"], {}, recipes) };
const names = ["few/pgd2-det", "few/apgd-ce", "few/apgd-t", "few/square", "few"];

test("an ensemble gives one outcome for each member, then the whole, nested in one another", async () => {
  const [clean, ...outcomes] = await collect(ensemble);
  assert.deepEqual(
    outcomes.map(({ attack }) => attack.name),
    names,
  );
  let before = clean ?? fail();
  for (const outcome of outcomes) {
    assert.ok(outcome.robust.every((flag, i) => flag <= (before.robust[i] ?? 0)));
    before = outcome;
  }
  assert.deepEqual(outcomes.at(-1)?.robust, outcomes.at(-2)?.robust);
  assert.ok(countCorrect(outcomes[2] ?? fail()) < countCorrect(outcomes[0] ?? fail()));
});

test("the whole holds its members with their constants and the sums of their work", async () => {
  const [, ...outcomes] = await collect(ensemble);
  const [members, whole] = [outcomes.slice(0, -1), outcomes.at(-1) ?? fail()];
  const { attack, accuracy, correct } = resultFields(whole);
  assert.deepEqual(
    attack.members,
    members.map(({ attack }) => ({ ...attack, name: attack.name.replace("few/", "") })),
  );
  const total = (part: "forwards" | "gradients") => members.reduce((sum, outcome) => sum + outcome[part], 0);
  assert.deepEqual([whole.forwards, whole.gradients], [total("forwards"), total("gradients")]);
  assert.equal(accuracy, correct / 40);
});

test("each member attacks exactly what the one before it left", async () => {
  const asked: number[][] = [];
  const samples = {
    ...common.samples,
    images(indices: Uint32Array): Float32Array {
      asked.push([...indices]);
      return common.samples.images(indices);
    },
  };
  // Batches of all samples: one of the clean images, one to check the network, then one for each pass.
  const [clean, ...outcomes] = await collect({ ...ensemble, samples, batchSize: 40 });
  const left = (outcome: Outcome | undefined) => [...(outcome?.robust ?? [])].flatMap((flag, i) => (flag ? [i] : []));
  assert.deepEqual(asked[2], left(clean));
  assert.deepEqual(asked[3], left(outcomes[0]));
  assert.deepEqual(asked[4], left(outcomes[1]));
  assert.deepEqual(asked[6], left(outcomes[2]));
  assert.equal(asked.length, 7);
  assert.ok(asked.slice(2).every((indices) => wrongOnes.every((index) => !indices.includes(index))));
});

test("the first member finds what it finds alone", async () => {
  const alone = await collect({ ...common, attacks: planned(["pgd2-det"]) });
  const [, first] = await collect(ensemble);
  assert.deepEqual(first?.robust, alone[1]?.robust);
});

test("outcomes of an ensemble depend on neither batches nor shards", async () => {
  const whole = await collect(ensemble);
  const single = await collect({ ...ensemble, batchSize: 1 });
  const shards = await Promise.all([0, 1].map((i) => collect({ ...ensemble, range: i === 0 ? [0, 17] : [17, 40] })));
  for (const [i, { robust }] of whole.entries()) {
    assert.deepEqual(single[i]?.robust, robust);
    assert.deepEqual(
      shards.flatMap((shard) => [...(shard[i]?.robust ?? [])]),
      [...robust],
    );
  }
});

test("an ensemble that leaves nothing standing goes through its other members without work", async () => {
  const outcomes = await collect({ ...common, attacks: planned(["few"], { epsilon: 0.5 }, recipes) });
  assert.deepEqual(
    outcomes.slice(1).map(({ robust, forwards }) => [countCorrect({ robust }), forwards > 0]),
    [
      [0, true],
      [0, false],
      [0, false],
      [0, false],
      [0, true],
    ],
  );
});

test("the standard ensemble leaves exactly the samples of the linear network that no attack can reach", async () => {
  const inference = inferenceOf(linearNetwork({ scale: 1 }));
  const aa = { members: { "apgd-ce": { restarts: 1 }, "apgd-t": {}, "fab-t": {}, square: { queries: 100 } } };
  const everySample = { inference, samples: samplesOf(linearImages, linearLabels), range: [0, 100] as const };
  const outcomes = await collect({ ...common, ...everySample, batchSize: 100, attacks: planned(["aa"], {}, { aa }) });
  assert.deepEqual(
    outcomes.slice(1).map((outcome) => countCorrect(outcome)),
    [37, 30, 30, 30, 30],
  );
});
