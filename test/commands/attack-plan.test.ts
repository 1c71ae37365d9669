import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseShard, planAttacks, rangeOf } from "../../src/commands/attack-plan.js";
import { UsageError } from "../../src/core/errors.js";

const choice = { attacks: new Map([["fgsm", {}], ["pgd20", { restarts: 2 }]]), restarts: null, norm: "linf", epsilon: null, epsilons: null, minimal: false } as const; // biome-ignore format: one line

test("every attack stands at every radius, with the radius as it was written", () => {
  const epsilons = [{ value: 4 / 255, text: "4/255" }, { value: 0.1, text: "0.1" }]; // biome-ignore format: one line
  const plan = planAttacks({ ...choice, epsilons }).map(({ recipe, epsilonText }) => `${recipe.name} ${epsilonText}`);
  assert.deepEqual(plan, ["fgsm 4/255", "pgd20 4/255", "fgsm 0.1", "pgd20 0.1"]);
});

test("a radius that is written twice is measured once", () => {
  const epsilons = [{ value: 2 / 255, text: "2/255" }, { value: 2 / 255, text: "2/255" }]; // biome-ignore format: one line
  assert.equal(planAttacks({ ...choice, epsilons }).length, choice.attacks.size);
});

test("the radius is 8/255, and 0.5 in L2, unless given", () => {
  assert.equal(planAttacks(choice)[0]?.epsilon, 8 / 255);
  assert.equal(planAttacks({ ...choice, norm: "l2" })[0]?.epsilon, 0.5);
});

test("two ways to give the radius exclude each other", () => {
  const radius = { value: 0.1, text: "0.1" };
  assert.throws(() => planAttacks({ ...choice, epsilon: radius, epsilons: [radius] }), UsageError);
});

test("the shards of any split are contiguous, cover every sample once, and differ by at most one", () => {
  const splits = fc
    .integer({ min: 1, max: 10_000 })
    .chain((samples) => fc.tuple(fc.constant(samples), fc.integer({ min: 1, max: Math.min(samples, 64) })));
  fc.assert(
    fc.property(splits, ([samples, of]) => {
      let end = 0;
      for (let number = 1; number <= of; number++) {
        const [from, to] = rangeOf(samples, `${number}/${of}`);
        assert.equal(from, Math.floor(((number - 1) * samples) / of));
        assert.equal(from, end);
        assert.ok(Math.abs(to - from - samples / of) < 1);
        end = to;
      }
      assert.equal(end, samples);
    }),
  );
});

test("a shard is I/N with I from 1", () => {
  assert.deepEqual(parseShard("2/3"), { number: 2, of: 3 });
  for (const text of ["0/3", "4/3", "1", "1/0", "a/b", "-1/2", "1/2/3"])
    assert.throws(() => parseShard(text), UsageError);
  assert.throws(() => rangeOf(2, "1/3"), /has none of the 2 samples/);
});
