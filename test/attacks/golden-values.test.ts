import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "../../src/attacks/evaluation.js";
import { parseAttacks } from "../../src/attacks/names.js";
import { countCorrect } from "../../src/attacks/outcome.js";
import { plainAscent } from "../../src/engines/ascend.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { predictions } from "../../src/losses/predictions.js";
import { inferenceOf, samplesOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import * as golden from "../support/golden-networks.js";

const smooth = inferenceOf(golden.smoothNetwork);

test("the smooth network has its golden logits", () => {
  const logits = smooth.logits(golden.smoothImages);
  const expected = [1.45381, -3.82449, 0.6222, -0.07418, 0.42662, 0.4251, -2.93939, 0.01142, -0.23977, 0.8745];
  assertClose(logits.subarray(0, 10), expected, 1e-5);
  assertClose(logits.subarray(10), [-1.12869, -1.58041, -0.63424, -0.64966, 1.91796], 1e-5);
  assert.deepEqual(predictions(logits, 5), golden.smoothLabels);
});

interface GoldenRow {
  readonly name: string;
  readonly steps: number;
  readonly epsilon: number;
  readonly stepSize: number;
  readonly start: "image" | "noise";
  readonly losses: readonly number[];
  readonly correct?: readonly boolean[];
}

const rows: GoldenRow[] = [
  row("FGSM at 0.03", [1, 0.03, 0.03, "image"], [1.03329, 1.15006, 0.30021], [true, false, true]),
  row("FGSM at 0.1", [1, 0.1, 0.1, "image"], [1.99307, 1.75906, 0.80188], [false, false, true]),
  row("the start at 0.03", [0, 0.03, 0.03, "noise"], [0.89269, 0.8195, 0.21393]),
  row("PGD-10 at 0.03", [10, 0.03, 0.25 * 0.03, "noise"], [1.03395, 1.15067, 0.30021], [true, true, true]),
  row("PGD-50 at 0.03", [50, 0.03, 0.05 * 0.03, "noise"], [1.03395, 1.15074, 0.30021], [true, true, true]),
  row("PGD-10 at 0.1", [10, 0.1, 0.25 * 0.1, "noise"], [2.01906, 2.0529, 0.80188], [false, false, true]),
  row("PGD-50 at 0.1", [50, 0.1, 0.05 * 0.1, "noise"], [2.01906, 2.0529, 0.80188], [false, false, true]),
];

for (const { name, steps, epsilon, stepSize, start, losses, correct } of rows) {
  test(`${name} reaches the golden losses on the smooth network`, () => {
    const ascent = plainAscent(smooth, {
      images: start === "image" ? golden.smoothImages : golden.smoothStart(epsilon),
      origin: golden.smoothImages,
      lossGradient: (logits) => crossEntropy(logits, golden.smoothLabels, 5).gradient,
      norm: "linf",
      epsilon,
      stepSize,
      bounds: [0, 1],
    });
    ascent.advance(steps);
    const logits = smooth.logits(ascent.images());
    assertClose(crossEntropy(logits, golden.smoothLabels, 5).values, losses, 2e-4);
    const right = [...predictions(logits, 5)].map((label, i) => label === golden.smoothLabels[i]);
    if (correct !== undefined) assert.deepEqual(right, correct);
  });
}

test("the linear network's labels are spread as recorded", () => {
  const counts = [0, 1, 2, 3, 4].map((label) => golden.linearLabels.filter((found) => found === label).length);
  assert.deepEqual(counts, [17, 20, 17, 20, 26]);
});

interface Column {
  readonly network: Parameters<typeof golden.linearNetwork>[0];
  readonly clean: number;
  readonly deterministic: number;
  /** Mean of the recorded seeds and the distance allowed: from one random start, and from ten. */
  readonly one: readonly [number, number];
  readonly ten: readonly [number, number];
  readonly cw: number;
  readonly apgdCe: readonly [number, number];
  readonly apgdDlr: readonly [number, number];
  /** Four targets. */
  readonly apgdT: readonly [number, number];
}

const columns: Readonly<Record<string, Column>> = {
  plain: {
    network: { scale: 1 },
    clean: 100,
    deterministic: 37,
    one: [37, 3],
    ten: [37, 3],
    cw: 30,
    apgdCe: [37, 0],
    apgdDlr: [30, 0],
    apgdT: [30, 0],
  },
  "logits times 1e5": {
    network: { scale: 1e5 },
    clean: 100,
    deterministic: 100,
    one: [97.7, 3],
    ten: [93, 3],
    cw: 30,
    apgdCe: [97.7, 3],
    apgdDlr: [30, 0],
    apgdT: [30, 0],
  },
  quantised: {
    network: { scale: 1, levels: 32 },
    clean: 98,
    deterministic: 98,
    one: [96.3, 3.3],
    ten: [86, 3],
    cw: 98,
    apgdCe: [96, 3],
    apgdDlr: [96, 3],
    apgdT: [91.3, 3],
  },
};

for (const [name, column] of Object.entries(columns)) {
  test(`the linear network, ${name}, stands FGSM and PGD-50 as recorded`, async () => {
    const counts = await correctCounts(column.network, ["fgsm", "pgd50-det", "pgd50x1", "pgd50"]);
    assert.deepEqual(counts.slice(0, 3), [column.clean, column.deterministic, column.deterministic]);
    assertClose([counts[3] ?? 0], [column.one[0]], column.one[1]);
    assertClose([counts[4] ?? 0], [column.ten[0]], column.ten[1]);
  });
}

for (const [name, column] of Object.entries(columns)) {
  test(`the linear network, ${name}, stands CW and Auto-PGD as recorded`, async () => {
    const names = ["cw50-det", "apgd-ce", "apgd-dlr", "apgd-t"];
    const counts = await correctCounts(column.network, names);
    assert.deepEqual(counts.slice(0, 2), [column.clean, column.cw]);
    for (const [i, [mean, distance]] of [column.apgdCe, column.apgdDlr, column.apgdT].entries()) {
      assertClose([counts[i + 2] ?? 0], [mean], distance);
    }
  });
}

async function correctCounts(network: Column["network"], names: string[]): Promise<number[]> {
  const outcomes = evaluate({
    inference: inferenceOf(golden.linearNetwork(network)),
    samples: samplesOf(golden.linearImages, golden.linearLabels),
    range: [0, 100],
    attacks: parseAttacks({ names }).map((recipe) => ({ recipe, norm: "linf", epsilon: 0.01 })),
    seed: 1,
    bounds: [0, 1],
    batchSize: 50,
  });
  const counts: number[] = [];
  for await (const outcome of outcomes) counts.push(countCorrect(outcome));
  return counts;
}

function row(
  name: string,
  [steps, epsilon, stepSize, start]: [number, number, number, "image" | "noise"],
  losses: number[],
  correct?: boolean[],
): GoldenRow {
  return { name, steps, epsilon, stepSize, start, losses, ...(correct === undefined ? {} : { correct }) };
}
