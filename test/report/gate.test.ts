import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError, UsageError } from "../../src/core/errors.js";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { judge, verdictNotes } from "../../src/report/gate.js";
import { parseCondition } from "../../src/report/gate-syntax.js";
import { junit } from "../../src/report/junit.js";
import { collect, resultOf, standing } from "./report-streams.js";

const collected = collect(
  [
    ["base", 0.5],
    ["near", 0.495],
    ["far", 0.4],
  ].flatMap(([method, share]) => [
    resultOf({ method: String(method), attack: "clean", flags: standing(200, 0.9) }),
    ...[4, 8].map((n) =>
      resultOf({
        method: String(method),
        attack: "pgd50",
        epsilon: n / 255,
        flags: standing(200, Number(share) + (8 - n) / 40),
      }),
    ),
  ]),
);
const comparison = compareNetworks(collected, { baselines: findBaselines("base", false, collected.networks) });

/** The networks for which it holds. */
function holders(expression: string): readonly string[] {
  const { networks } = judge(expression, parseCondition(expression), comparison);
  return networks.filter(({ holds }) => holds).map(({ network }) => network);
}

test("it holds network by network, and never for the baseline", () => {
  assert.deepEqual(holders("pgd50@8/255 < baseline - 1pp"), ["far"]);
  assert.deepEqual(holders("pgd50@8/255 < 51%"), ["near", "far"]);
  assert.deepEqual(holders("clean >= 90%"), ["near", "far"]);
  assert.deepEqual(holders("pgd50@4/255 < 0.1"), []);
});

test("a bound that is met exactly in decimals is met: 49.5 % is not below 50 % - 0.5pp", () => {
  assert.deepEqual(holders("pgd50@8/255 < baseline - 0.5pp"), ["far"]);
  assert.deepEqual(holders("pgd50@8/255 <= baseline - 0.5pp"), ["near", "far"]);
  assert.deepEqual(holders("pgd50@8/255 == baseline - 0.5pp"), ["near"]);
});

test("and binds closer than or, not closer than both, parentheses closest", () => {
  assert.deepEqual(holders("clean > 0.5 or clean > 0.5 and clean < 0.5"), ["near", "far"]);
  assert.deepEqual(holders("(clean > 0.5 or clean > 0.5) and clean < 0.5"), []);
  assert.deepEqual(holders("not clean < 0.5 and pgd50@8/255 < 45%"), ["far"]);
});

test("the test and the bounds of the difference can be asked for", () => {
  assert.deepEqual(holders("p(pgd50@8/255) < 0.05 and difference(pgd50@8/255) < 0pp"), ["far"]);
  assert.deepEqual(holders("high(difference(pgd50@8/255)) < 0pp"), ["far"]);
  assert.deepEqual(holders("high(pgd50@8/255) < low(baseline.clean)"), ["near", "far"]);
  assert.deepEqual(holders("density < 50%"), ["near", "far"]);
});

const wrong: readonly (readonly [string, number, RegExp])[] = [
  ["", 1, /the end where a number or a metric/],
  ["clean < ", 9, /the end where/],
  ["clean < 1 2", 11, /"2" where and, or/],
  ["clean & fgsm", 7, /"&" means nothing/],
  ["max(clean) < 1", 1, /no function max/],
  ["0.1 < 0.2", 1, /names no metric/],
  ["clean < pgd50@8/255 - baseline", 23, /names clean and pgd50@8\/255; write baseline\.clean/],
  ["pgd50 < 45%", 1, /several rows: pgd50@4\/255, pgd50@8\/255/],
  ["low(density) < 1", 5, /is no accuracy/],
  ["(clean < 0.5", 13, /the end where "\)"/],
];

test("an error names the column and puts a caret below it", () => {
  for (const [expression, column, message] of wrong) {
    assert.throws(
      () => judge(expression, parseCondition(expression), comparison),
      (error) => {
        assert.ok(error instanceof UsageError, `${expression}: ${error}`);
        const [first = "", text, caret] = error.message.split("\n");
        assert.match(first, message);
        assert.match(first, new RegExp(`column ${column}:`), expression);
        assert.equal(text, `  ${expression}`);
        assert.equal(caret, `  ${" ".repeat(column - 1)}^`);
        return true;
      },
    );
  }
});

test("a metric that no result has is the input's fault, also behind an or that already holds", () => {
  const expression = "clean > 0.5 or aa < 0.5";
  assert.throws(() => judge(expression, parseCondition(expression), comparison), InputError);
});

test("the verdict names numbers and networks, and JUnit escapes them", () => {
  const expression = "pgd50@8/255 < baseline - 1pp";
  const verdict = judge(expression, parseCondition(expression), comparison);
  assert.deepEqual(verdictNotes(verdict), [
    "Gate failed: pgd50@8/255 < baseline - 1pp holds for 1 of 2 networks.",
    "far: pgd50@8/255 40.00% < baseline.pgd50@8/255 50.00% - 1pp: true",
  ]);
  const xml = junit({ ...verdict, networks: [{ network: 'a"<\u0000', holds: true, details: ["1 < 2: true"] }] });
  assert.match(xml, /tests="1" failures="1"/);
  assert.match(xml, /name="a&#34;&#60;�"/);
});
