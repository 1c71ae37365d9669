import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { attack, attackFolder, type Flags, results } from "../support/attack-calls.js";

/** One of each kind, shortened. */
const attacks: Readonly<Record<string, object>> = {
  fgsm: {},
  "pgd3-det": {},
  pgd3x2: {},
  cw3x2: {},
  "apgd-ce": { steps: 6, restarts: 2 },
  "apgd-dlr": { steps: 6 },
  "apgd-t": { steps: 6, targets: 3 },
  fab: { steps: 3, restarts: 2 },
  "fab-t": { steps: 3, targets: 3 },
  square: { queries: 40 },
  bb: { steps: 30, noiseDraws: 10 },
  ensemble: {
    members: { "apgd-ce": { steps: 4, restarts: 1 }, fab: { steps: 2, restarts: 1 }, square: { queries: 30 } },
  },
};

/** The threshold of the toy network: about half of the right images fall. */
const base: Flags = { attacks, epsilon: 0.012, samples: 240 };

/** Names to outcomes, as bytes. */
function outcomes(lines: Parameters<typeof results>[0]): ReadonlyMap<string, readonly number[]> {
  return new Map(
    results(lines).map(({ attack: recipe, outcomes: bits, range, ...rest }) => {
      const [from, to] = Object(range);
      assert.equal(typeof rest.correct, "number");
      return [Object(recipe).name, [...decodeOutcomes(String(bits), to - from, "outcomes")]];
    }),
  );
}

test("outcomes are the same bytes at any batch size and number of threads", async (context) => {
  const at = await attackFolder(context);
  const whole = await attack(at("toy.safetensors"), base);
  for (const flags of [{ batchSize: 1 }, { batchSize: 7 }, { threads: 2, batchSize: 240 }]) {
    const other = await attack(at("toy.safetensors"), { ...base, ...flags });
    assert.deepEqual(outcomes(other.lines), outcomes(whole.lines));
  }
  const sums = [...outcomes(whole.lines).values()].map((flags) => flags.reduce((sum, flag) => sum + flag, 0));
  const taken = sums.filter((sum) => sum > 0 && sum < (sums[0] ?? 0));
  // A few queries of Square alone find nothing here.
  assert.ok(taken.length >= sums.length - 3, `${sums}: nearly every attack takes some and leaves some`);
});

test("outcomes of shards, one after the other, are those of the whole", async (context) => {
  const at = await attackFolder(context);
  const whole = outcomes((await attack(at("toy.safetensors"), base)).lines);
  const shards = [];
  for (const shard of ["1/3", "2/3", "3/3"])
    shards.push(outcomes((await attack(at("toy.safetensors"), { ...base, shard })).lines));
  for (const [name, flags] of whole) {
    assert.deepEqual(
      shards.flatMap((one) => one.get(name) ?? []),
      flags,
      name,
    );
  }
});

test("outcomes do not depend on the order of attacks, nor on which others run", async (context) => {
  const at = await attackFolder(context);
  const whole = outcomes((await attack(at("toy.safetensors"), base)).lines);
  const reversed = Object.fromEntries(Object.entries(attacks).toReversed());
  const backwards = outcomes((await attack(at("toy.safetensors"), { ...base, attacks: reversed })).lines);
  assert.deepEqual(new Map([...backwards].toSorted()), new Map([...whole].toSorted()));
  for (const [name, constants] of Object.entries(attacks)) {
    const alone = outcomes((await attack(at("toy.safetensors"), { ...base, attacks: { [name]: constants } })).lines);
    assert.deepEqual(alone.get(name), whole.get(name), name);
  }
});

test("outcomes of single samples do not depend on which others were chosen", async (context) => {
  const at = await attackFolder(context);
  const whole = outcomes((await attack(at("toy.safetensors"), base)).lines);
  const some = outcomes((await attack(at("toy.safetensors"), { ...base, indices: "3-99,120,141-217" })).lines);
  const isChosen = (i: number) => (i >= 3 && i <= 99) || i === 120 || (i >= 141 && i <= 217);
  for (const [name, flags] of whole) {
    assert.deepEqual(
      some.get(name),
      flags.map((flag, i) => (isChosen(i) ? flag : 0)),
      name,
    );
  }
});
