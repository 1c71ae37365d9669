import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackResult } from "../../src/records/events.js";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { footer } from "../../src/report/footer.js";
import { layoutTable } from "../../src/report/layouts.js";
import { assertClose } from "../support/assert-close.js";
import { collect, resultOf, standing } from "./report-streams.js";

const seeds = [1, 2, 3];
const three = (method: string, shares: readonly number[]) =>
  seeds.map((seed, i) => resultOf({ method, seed, flags: standing(100, shares[i] ?? 0) }));

test("networks that differ in their seed alone are one column with mean and standard deviation", () => {
  const { columns, rows } = compareNetworks(collect(three("ours", [0.5, 0.6, 0.7])));
  assert.equal(columns.length, 1);
  const cell = rows[0]?.cells[0];
  assert.equal(cell?.interval, null);
  assertClose([cell?.accuracy ?? 0, cell?.spread?.deviation ?? 0], [0.6, 0.1], 1e-12);
  const table = layoutTable("poster", compareNetworks(collect(three("ours", [0.5, 0.6, 0.7]))), {
    ...{ names: ["fgsm"], digits: null, sortBy: null },
  });
  assert.equal(table.rows[0]?.[1]?.text, "60.0% ± 10.0, 3 seeds of 100");
});

test("against a baseline of the same seeds the difference is paired seed by seed", () => {
  const collected = collect([...three("ours", [0.52, 0.63, 0.74]), ...three("base", [0.5, 0.6, 0.7])]);
  const baselines = findBaselines("base", false, collected.networks);
  const { columns, rows } = compareNetworks(collected, { baselines });
  assert.deepEqual(columns.map(({ label }) => label), ["base", "ours"]); // biome-ignore format: one line
  const difference = rows[0]?.cells[1]?.difference;
  assert.equal(difference?.seeds, 3);
  // Differences 0.02, 0.03, 0.04: t = 0.03 / (0.01 / √3), two degrees of freedom.
  assertClose([difference?.value ?? 0, difference?.deviation ?? 0, difference?.p ?? 0], [0.03, 0.01, 0.0350989], 1e-6);
});

test("seeds that a baseline of several lacks are in no difference, and the table says so", () => {
  const base = three("base", [0.5, 0.6, 0.7]);
  const compared = (seeds: readonly number[]) => {
    const ours = seeds.map((seed) => resultOf({ method: "ours", seed, flags: standing(100, 0.65) }));
    const collected = collect([...base, ...ours]);
    return compareNetworks(collected, { baselines: findBaselines("base", false, collected.networks) });
  };
  const none = compared([4]);
  assert.equal(none.rows[0]?.cells[1]?.difference, null);
  assert.match(none.remarks.join("\n"), /ours was trained with seed 4, base with 1, 2, 3, so there is no difference/);
  const some = compared([2, 4]);
  assertClose([some.rows[0]?.cells[1]?.difference?.value ?? 0], [0.05], 1e-12);
  assert.match(some.remarks.join("\n"), /the difference is over seed 2 alone/);
  assert.match(compared([3]).remarks.join("\n"), /so the difference is over seed 3 alone/);
  assert.doesNotMatch(compared([1, 2, 3]).remarks.join("\n"), /was trained with seed/);
});

test("a network that repeats a seed stands alone: it differs in something that the records do not tell", () => {
  const twice = [
    resultOf({ method: "ours", flags: [1, 0] }),
    resultOf({ method: "ours", flags: [1, 1], digest: "f".repeat(64) }),
  ];
  assert.equal(compareNetworks(collect(twice)).columns.length, 2);
});

test("results that differ in the attack's seed alone stay apart, the lowest shown with a note", () => {
  const results = [1, 2, 3].map((attackSeed) =>
    resultOf({ method: "ours", attackSeed, flags: standing(100, [0.42, 0.4, 0.41][attackSeed - 1] ?? 0) }),
  );
  const { rows, remarks } = compareNetworks(collect(results));
  assert.equal(rows[0]?.cells[0]?.accuracy, 0.4);
  assert.ok(remarks.some((remark) => /3 results that differ in the attack's seed; the lowest is shown/.test(remark)));
});

test("seeds are told once for all columns that share them, and intervals only where there are some", () => {
  const notes = (records: readonly AttackResult[]) => {
    const comparison = compareNetworks(collect(records));
    return footer(comparison, layoutTable("poster", comparison, { names: null, digits: null, sortBy: null }));
  };
  const both = [...three("ours", [0.5, 0.6, 0.7]), ...three("base", [0.5, 0.6, 0.7])];
  assert.deepEqual(notes(both), [
    "Images: sample test, 0 to 99.",
    "Each network: mean ± standard deviation over 3 seeds (1, 2, 3).",
  ]);
  const single = resultOf({ method: "other", flags: standing(100, 0.5) });
  assert.deepEqual(notes([...both, single]), [
    "Images: sample test, 0 to 99; 95% Wilson intervals.",
    "ours, base: mean ± standard deviation over 3 seeds (1, 2, 3).",
  ]);
});
