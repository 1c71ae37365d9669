import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackResult } from "../../src/records/events.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { comparisonEntries } from "../../src/report/entries.js";
import { chosenBy, facts } from "../../src/report/facts.js";
import { layoutTable } from "../../src/report/layouts.js";
import { collect, resultOf } from "./report-streams.js";

type Fields = Partial<AttackResult["checkpoint"]>;

function attacked(method: string, fields: Fields): AttackResult {
  const result = resultOf({ method, flags: [1, 1, 0] });
  return { ...result, checkpoint: { ...result.checkpoint, ...fields } };
}

function shown(key: string, results: readonly AttackResult[]): readonly string[] {
  const fact = facts.find((one) => one.key === key);
  const { columns } = compareNetworks(collect(results));
  return columns.map((column) => fact?.cell(column).text ?? "");
}

test("what training cost is named as what it is: the cost up to the checkpoint, not of the whole run", () => {
  const titles = new Map(facts.map(({ key, title }) => [key, title]));
  for (const key of ["imageSteps", "forwardEquivalents", "hours"])
    assert.match(titles.get(key) ?? "", / to the checkpoint$/);
});

test("one budget reads the same however it was asked for: as the share that the counted weights come to", () => {
  const counts = { connections: 1095, weights: 10_952 };
  const results = [
    attacked("hydra", { density: 0.1, ...counts }),
    attacked("bayes", { density: 1095 / 10_952, ...counts }),
  ];
  assert.deepEqual(shown("density", results), ["0.1 (90%)", "0.1 (90%)"]);
  assert.deepEqual(shown("kept", results), ["1,095 of 10,952", "1,095 of 10,952"]);
  const entries = comparisonEntries(compareNetworks(collect(results)));
  assert.deepEqual(entries.map(({ density }) => density), [1095 / 10_952, 1095 / 10_952]); // biome-ignore format: one line
  const sweep = layoutTable("sweep", compareNetworks(collect(results)), { names: null, digits: null, sortBy: null });
  assert.deepEqual(sweep.rows.map(([, density]) => density?.text), ["0.1 (90%)"]); // biome-ignore format: one line
});

test("what was kept counts where it is not what was asked for, and what was asked for where nothing was counted", () => {
  const rounded = attacked("hydra", { density: 0.01, connections: 115, weights: 10_952 });
  const told = attacked("elsewhere", { density: 0.0005 });
  assert.deepEqual(shown("density", [rounded, told]), ["0.0105 (98.95%)", "0.0005 (99.95%)"]);
});

test("networks are told apart by the density asked for where the count is its rounding, by the counted share where it is not", () => {
  const weights = 10_952;
  const networks = [
    attacked("set", { density: 0.05, connections: 547, weights, sha256: "1".repeat(64) }),
    attacked("set", {
      density: 0.1,
      connections: 1093,
      weights,
      layerDensities: [0.1, 0.1, 0.1],
      sha256: "2".repeat(64),
    }),
    attacked("set", { density: 0.2, connections: 2400, weights, sha256: "3".repeat(64) }),
    attacked("set", { density: 0.3, sha256: "4".repeat(64) }),
  ];
  const { columns } = compareNetworks(collect(networks));
  const named = ["0.05", "0.1", "0.219", "0.3"].map((density) => `set density ${density}`);
  assert.deepEqual(columns.map(({ label }) => label), named); // biome-ignore format: one line
  assert.equal(shown("density", networks)[0], "0.0499 (95.01%)");
});

test("the checkpoint that a run ended with was chosen by being the last, whatever chose its best", () => {
  const run = resultOf({ method: "bayes", flags: [1] });
  const digests = { best: "1".repeat(64), final: "2".repeat(64) } as const;
  const records = (["best", "final"] as const).flatMap((role) => [
    { ...run, checkpoint: { ...run.checkpoint, role, sha256: digests[role], seed: role === "best" ? 1 : 2 } },
  ]);
  const networks = collect(records).networks.map((network) => ({ ...network, selection: "val-pgd" }));
  assert.deepEqual(networks.map(chosenBy), ["val-pgd", "last"]);
  assert.deepEqual(collect(records).networks.map(chosenBy), [null, null]);
});
