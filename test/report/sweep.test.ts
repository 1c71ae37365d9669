import assert from "node:assert/strict";
import { test } from "node:test";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { footer } from "../../src/report/footer.js";
import { layoutTable } from "../../src/report/layouts.js";
import { collect, resultOf, standing, type Told } from "./report-streams.js";

function sweep(told: readonly Told[], baseline: string | null) {
  const collected = collect(told.map((one) => resultOf(one)));
  const baselines = baseline === null ? new Map() : findBaselines(baseline, false, collected.networks);
  const comparison = compareNetworks(collected, { baselines });
  const table = layoutTable("sweep", comparison, { names: null, digits: null, sortBy: null });
  return { table, notes: footer(comparison, table).join("\n") };
}

function network(method: string, density: number, share: number, seed = 1): Told {
  return { method, density, seed, flags: standing(20, share) };
}

const both = [
  network("set", 0.1, 0.5),
  network("set", 0.2, 0.7),
  network("bayes", 0.1, 0.9),
  network("bayes", 0.2, 0.6),
];

test("a sweep has each method's difference to the baseline of the same density, with its test", () => {
  const { table, notes } = sweep(both, "set");
  assert.deepEqual(table.columns.map(({ title }) => title), ["Attack", "Density (sparsity)", "set", "bayes", "Δ to set"]); // biome-ignore format: one line
  assert.deepEqual(table.rows.map(([, , , , difference]) => Number(difference?.value).toFixed(2)), ["0.40", "-0.10"]); // biome-ignore format: one line
  assert.match(table.rows[0]?.[4]?.text ?? "", /^\+40\.0 \[\+.*\] \(p = 0\.016\)$/);
  assert.match(notes, /McNemar's exact test .* Holm-corrected for the 2 tests of this table/);
});

test("over seeds the difference is the mean of the seeds' differences", () => {
  const seeds = [network("set", 0.1, 0.4, 2), network("set", 0.2, 0.7, 2), network("bayes", 0.1, 0.7, 2)];
  const { table } = sweep([...both, ...seeds, network("bayes", 0.2, 0.65, 2)], "set");
  assert.equal(Number(table.rows[0]?.[4]?.value).toFixed(2), "0.35");
  assert.match(table.rows[0]?.[4]?.text ?? "", /^\+35\.0 ± 7\.1 \[.*\] \(p = /);
});

test("one network that all are measured against is named with its density, and stands without a difference", () => {
  const { table } = sweep(both, "set 0.1 1 attacked");
  const titles = ["set", "Δ to set density 0.1", "bayes", "Δ to set density 0.1"];
  assert.deepEqual(table.columns.slice(2).map(({ title }) => title), titles); // biome-ignore format: one line
  assert.deepEqual(table.rows.map(([, , , difference]) => difference?.text === ""), [true, false]); // biome-ignore format: one line
});

test("without a baseline there is no column of differences, and no word of tests", () => {
  const { table, notes } = sweep(both, null);
  assert.equal(table.columns.length, 4);
  assert.doesNotMatch(notes, /McNemar|smallest difference/);
});

test("several networks of a method at one density are all told", () => {
  const twin = { ...network("bayes", 0.1, 0.3), digest: "9".repeat(64) };
  const { table } = sweep([network("bayes", 0.1, 0.9), twin], null);
  assert.match(table.rows[0]?.[2]?.text ?? "", /^90\.0% .*; 30\.0% /);
});

test("a table that shows no differences says nothing of tests, however they were made", () => {
  const collected = collect(both.map((one) => resultOf(one)));
  const comparison = compareNetworks(collected, { baselines: findBaselines("set", false, collected.networks) });
  const notes = (names: readonly string[]) =>
    footer(comparison, layoutTable("results", comparison, { names, digits: null, sortBy: null })).join("\n");
  assert.match(notes(["network", "difference"]), /McNemar[\s\S]*smallest difference/);
  assert.doesNotMatch(notes(["network", "accuracy"]), /McNemar|smallest difference/);
});
