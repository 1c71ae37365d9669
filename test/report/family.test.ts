import assert from "node:assert/strict";
import { test } from "node:test";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import type { Asked } from "../../src/report/family.js";
import { footer } from "../../src/report/footer.js";
import { parseCondition } from "../../src/report/gate-syntax.js";
import { layoutTable } from "../../src/report/layouts.js";
import { collect, resultOf, standing } from "./report-streams.js";

const ATTACKS = ["clean", "fgsm", "pgd50", "aa"];

/** One network against another, under attacks that leave 50 of 100 samples of the one and 50 + 4, 6, 8, 10 of the other. */
const collected = collect(
  ATTACKS.flatMap((attack, i) => [
    resultOf({ method: "base", attack, flags: standing(100, 0.5) }),
    resultOf({ method: "ours", attack, flags: standing(100, (54 + 2 * i) / 100) }),
  ]),
);

function compared(asked: Asked) {
  const baselines = findBaselines("base", false, collected.networks);
  return compareNetworks(collected, { baselines, asked });
}

function correctedOver(asked: Asked): Readonly<Record<string, number | null>> {
  const told = compared(asked).rows.map(({ attack, cells }) => {
    const { p = null, corrected = null } = cells[1]?.difference ?? {};
    return [attack.name, corrected === null || p === null ? null : Math.round(corrected / p)];
  });
  return Object.fromEntries(told);
}

function testsNote(asked: Asked): string {
  const comparison = compared(asked);
  const table = layoutTable("poster", comparison, { names: asked.shown, digits: null, sortBy: null });
  return footer(comparison, table).find((note) => note.startsWith("Δ")) ?? "";
}

test("without a choice all tests of the table are one family, and the smallest p is multiplied by their number", () => {
  assert.deepEqual(correctedOver({ shown: null, gate: null }), { clean: 1, fgsm: 2, pgd50: 3, aa: 4 });
  assert.match(testsNote({ shown: null, gate: null }), /Holm-corrected for the 4 tests of this table,/);
});

test("attacks that --columns leaves out are no tests of the table", () => {
  const asked = { shown: ["density", "fgsm", "aa"], gate: null };
  assert.deepEqual(correctedOver(asked), { clean: null, fgsm: 1, pgd50: null, aa: 2 });
  assert.match(testsNote(asked), /Holm-corrected for the 2 tests of this table,/);
  assert.doesNotMatch(testsNote({ shown: ["aa"], gate: null }), /Holm/);
});

test("names of facts alone leave all attacks in the table and in the family", () => {
  assert.deepEqual(correctedOver({ shown: ["density"], gate: null }), { clean: 1, fgsm: 2, pgd50: 3, aa: 4 });
});

test("a test that the gate asks for is one of the family, shown or not; what it asks for without a test is none", () => {
  const asked = { shown: ["fgsm"], gate: parseCondition("not (p(aa@8/255) < 0.05 and difference(pgd50) < 0pp)") };
  assert.deepEqual(correctedOver(asked), { clean: null, fgsm: 1, pgd50: null, aa: 2 });
  assert.match(testsNote(asked), /Holm-corrected for the 1 test of this table and 1 more of --fail-if,/);
  const both = { shown: ["fgsm", "aa"], gate: parseCondition("p(aa) < 0.05") };
  assert.match(testsNote(both), /Holm-corrected for the 2 tests of this table,/);
});

test("the smallest difference that can show is told of the tests in the family", () => {
  const remark = ({ remarks }: { readonly remarks: readonly string[] }) =>
    remarks.find((one) => /^The smallest/.test(one));
  assert.match(remark(compared({ shown: ["aa"], gate: null })) ?? "", / 8\.0 points/);
  assert.match(remark(compared({ shown: null, gate: null })) ?? "", / to /);
});
