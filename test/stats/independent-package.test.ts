/** The statistics against scipy and statsmodels, where a Python has them (SPARSE_ROBUST_PYTHON names another than python3). */
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import { holm } from "../../src/stats/holm.js";
import { mcnemarExact } from "../../src/stats/mcnemar.js";
import { newcombePaired } from "../../src/stats/newcombe.js";
import { pairedSpread } from "../../src/stats/spread.js";
import { wilsonInterval } from "../../src/stats/wilson.js";
import { assertClose } from "../support/assert-close.js";

const PYTHON = process.env.SPARSE_ROBUST_PYTHON ?? "python3";
const hasPackages = spawnSync(PYTHON, ["-c", "import scipy, statsmodels"]).status === 0;
const skip = hasPackages ? false : `${PYTHON} has no scipy and statsmodels`;

/** Prints, a line a table: McNemar's p, Wilson's interval, Newcombe's paired interval from Wilson's; then Holm; then the t test. */
const PROGRAM = `
import json, sys, math
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.multitest import multipletests
from scipy.stats import ttest_1samp
given = json.load(sys.stdin)
rows, ps = [], []
for a, b, c, d in given["tables"]:
    n = a + b + c + d
    p = float(mcnemar([[a, b], [c, d]], exact=True).pvalue) if b + c > 0 else 1.0
    ps.append(p)
    l1, u1 = proportion_confint(a + b, n, method="wilson")
    l2, u2 = proportion_confint(a + c, n, method="wilson")
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    e = a * d - b * c
    phi = 0 if margins == 0 else (max(e - n / 2, 0) if e > 0 else e) / math.sqrt(margins)
    low = p1 - p2 - math.sqrt(max(0, (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2))
    high = p1 - p2 + math.sqrt(max(0, (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2))
    rows.append([p, l1, u1, low, high])
tests = []
for values in given["samples"]:
    r = ttest_1samp(values, 0)
    interval = r.confidence_interval(0.95)
    tests.append([float(r.pvalue), float(interval.low), float(interval.high)])
print(json.dumps({"rows": rows, "holm": list(multipletests(ps, method="holm")[1]), "tests": tests}))
`;

interface Answer {
  readonly rows: readonly (readonly number[])[];
  readonly holm: readonly number[];
  readonly tests: readonly (readonly number[])[];
}

test("McNemar, Wilson, Newcombe, Holm and the paired t test agree with scipy and statsmodels", { skip }, () => {
  const draws = stream(20, "noise");
  const table = (scale: number) => [0, 1, 2, 3].map((i) => draws.integer(i === 1 || i === 2 ? scale : 4 * scale));
  const tables = [3, 10, 100, 1000].flatMap((scale) => Array.from({ length: 50 }, () => table(scale)));
  const filled = tables.filter((cells) => cells.some((count) => count > 0));
  const samples = [2, 3, 5, 12].map((count) => Array.from({ length: count }, () => draws.normal() + 0.5));
  const run = spawnSync(PYTHON, ["-c", PROGRAM], {
    input: JSON.stringify({ tables: filled, samples }),
    encoding: "utf8",
  });
  const answer: Answer = JSON.parse(run.stdout);
  const ours = filled.map(([both = 0, onlyFirst = 0, onlySecond = 0, neither = 0]) => {
    const wilson = wilsonInterval(both + onlyFirst, both + onlyFirst + onlySecond + neither);
    const paired = newcombePaired({ both, onlyFirst, onlySecond, neither });
    return [mcnemarExact(onlyFirst, onlySecond), wilson.low, wilson.high, paired.low, paired.high];
  });
  assertClose(ours.flat(), answer.rows.flat(), 1e-9);
  assertClose(holm(ours.map(([p = 1]) => p)), answer.holm, 1e-9);
  const tests = samples.map(pairedSpread).flatMap(({ p, interval }) => [p, interval.low, interval.high]);
  assertClose(tests, answer.tests.flat(), 1e-9);
});
