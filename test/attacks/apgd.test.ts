import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ascent, ascend } from "../../src/attacks/apgd-ascent.js";
import { Climb } from "../../src/attacks/apgd-climb.js";
import { type ApgdLoss, apgdLoss, classesOfRank } from "../../src/attacks/apgd-loss.js";
import { progressChecks } from "../../src/attacks/apgd-schedule.js";
import type { Norm } from "../../src/engines/engine.js";
import { predictions } from "../../src/losses/predictions.js";
import { inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import * as golden from "../support/golden-networks.js";

const smooth = inferenceOf(golden.smoothNetwork);
const SIZE = 12;

interface Row {
  readonly name: string;
  readonly loss: ApgdLoss;
  readonly rank?: number;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly steps: number;
  readonly best: readonly number[];
  readonly right?: readonly boolean[];
}

const [T, F] = [true, false];
const rows: readonly Row[] = [
  row("CE, 10 steps", ["ce", 0, "linf", 0.03, 10], [1.03395, 1.15713, 0.30021], [T, F, T]),
  row("CE, 100 steps", ["ce", 0, "linf", 0.03, 100], [1.03395, 1.15713, 0.30021], [T, F, T]),
  row("DLR, 10 steps", ["dlr", 0, "linf", 0.03, 10], [-0.41973, 0.20414, -0.88245], [T, F, T]),
  row("DLR, 100 steps", ["dlr", 0, "linf", 0.03, 100], [-0.41973, 0.20414, -0.88235], [T, F, T]),
  row("DLR-T rank 2, 10 steps", ["dlr-t", 2, "linf", 0.03, 10], [-0.28453, 0.16045, -0.83211], [T, F, T]),
  row("DLR-T rank 2, 100 steps", ["dlr-t", 2, "linf", 0.03, 100], [-0.28453, 0.16045, -0.83138], [T, F, T]),
  row("DLR-T rank 3, 100 steps", ["dlr-t", 3, "linf", 0.03, 100], [-0.6361, -0.59417, -0.80328], [T, F, T]),
  row("CE at 0.1", ["ce", 0, "linf", 0.1, 100], [2.01906, 2.0529, 0.80188], [F, F, T]),
  row("DLR-T rank 2 at 0.1, 10 steps", ["dlr-t", 2, "linf", 0.1, 10], [1.23488, 1.22207, -0.73524], [F, F, T]),
  row("DLR-T rank 2 at 0.1", ["dlr-t", 2, "linf", 0.1, 100], [1.33716, 1.22277, -0.7305], [F, F, T]),
  row("CE in L2", ["ce", 0, "l2", 0.15, 100], [1.38926, 1.59793, 0.39271], [F, F, T]),
  row("DLR in L2", ["dlr", 0, "l2", 0.15, 100], [1.0, -0.51054, -0.78302], [F, T, T]),
  row("DLR-T rank 2 in L2", ["dlr-t", 2, "l2", 0.15, 100], [0.45492, 0.7402, -0.73211], [F, F, T]),
];

for (const { name, best, right, ...problem } of rows) {
  test(`APGD reaches the golden best losses on the smooth network: ${name}`, () => {
    const climbs = climbAll(problem);
    assertClose(
      climbs.map(({ bestLoss }) => bestLoss),
      best,
      2e-4,
    );
    assert.deepEqual(
      climbs.map(({ adversarial }) => adversarial === null),
      right,
    );
    for (const { adversarial, label } of climbs) {
      if (adversarial !== null) assert.notEqual(predictions(smooth.logits(adversarial), 5)[0], label);
    }
  });
}

test("the best iterate has the best loss", () => {
  for (const problem of rows) {
    const climbs = climbAll(problem);
    const logits = smooth.logits(Float32Array.from(climbs.flatMap(({ best }) => [...best])));
    const labels = Int32Array.from(climbs, ({ label }) => label);
    const targets = Int32Array.from(climbs, ({ target }) => target);
    const { values } = apgdLoss(problem.loss, logits, { labels, targets, classes: 5 });
    assertClose(
      values,
      climbs.map(({ bestLoss }) => bestLoss),
      1e-5,
    );
  }
});

test("the best loss never falls", () => {
  for (const problem of rows) {
    let before = [-Infinity, -Infinity, -Infinity];
    climbAll(problem, (climbs) => {
      const now = climbs.map(({ bestLoss }) => bestLoss);
      assert.ok(now.every((loss, i) => loss >= (before[i] ?? Number.NaN)));
      before = now;
    });
  }
});

test("progress is checked after the published iterations", () => {
  assert.deepEqual([...progressChecks(100).keys()], [21, 40, 56, 69, 79, 86, 92, 98]);
  assert.deepEqual([...progressChecks(100).values()], [22, 19, 16, 13, 10, 7, 6, 6]);
  assert.deepEqual([...progressChecks(50).keys()], [10, 20, 29, 37, 44]);
  assert.deepEqual([...progressChecks(20).keys()], [3, 6, 8, ...Array.from({ length: 11 }, (_, i) => 9 + i)]);
  assert.deepEqual([...progressChecks(10).keys()], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("where the cross-entropy has converged every check halves the step, down to 2 epsilon / 256", () => {
  const climbs = climbAll({ loss: "ce", norm: "linf", epsilon: 0.03, steps: 100 });
  for (const { stepSize } of climbs) assertClose([stepSize], [0.06 / 256], 1e-9);
});

test("the smooth network's classes rank as recorded, the lowest first among equals", () => {
  const logits = smooth.logits(golden.smoothImages);
  const ranks = [2, 3, 4, 5].map((rank) => [...classesOfRank(logits, 5, () => rank)]);
  assert.deepEqual(ranks, [
    [2, 0, 2],
    [4, 2, 3],
    [3, 3, 0],
    [1, 1, 1],
  ]);
  assert.deepEqual([...classesOfRank(Float32Array.of(1, 1, 1), 3, () => 2)], [1]);
});

test("leaving out samples that have fallen changes no outcome", () => {
  for (const problem of rows) {
    const [all, some] = [climbAll(problem), climbAll({ ...problem, dropsFooled: true })];
    for (const [i, { adversarial, bestLoss }] of some.entries()) {
      assert.equal(adversarial === null, all[i]?.adversarial === null);
      if (adversarial === null) assert.equal(bestLoss, all[i]?.bestLoss);
    }
  }
});

test("without a gradient every iterate is the start", () => {
  const flat = { ...golden.smoothNetwork, gradient: () => new Float64Array(SIZE) };
  const start = golden.smoothStart(0.1);
  for (const norm of ["linf", "l2"] as const) {
    const climbs = climbAll({ loss: "dlr", norm, epsilon: 0.1, steps: 10, inference: inferenceOf(flat) });
    for (const [i, { image }] of climbs.entries()) {
      if (norm === "linf") assertClose(image, start.slice(SIZE * i, SIZE * (i + 1)), 0);
      else assert.ok(image.every(Number.isFinite));
    }
  }
});

function climbAll(
  problem: Partial<Ascent> & { loss: ApgdLoss; rank?: number; norm: Norm; epsilon: number; steps: number },
  look: (climbs: readonly Climb[]) => void = () => {},
): Climb[] {
  const { norm, epsilon, rank = 2 } = problem;
  const start = norm === "linf" ? golden.smoothStart(epsilon) : golden.smoothSphereStart(epsilon);
  const targets = classesOfRank(smooth.logits(golden.smoothImages), 5, () => rank);
  const row = (values: Float32Array, i: number) => values.subarray(SIZE * i, SIZE * (i + 1));
  const climbs = Array.from(golden.smoothLabels, (label, i) => {
    return new Climb(row(golden.smoothImages, i), row(start, i), { label, target: targets[i] ?? -1 });
  });
  const threat = { norm, epsilon, bounds: [0, 1] as const };
  const checks = progressChecks(problem.steps);
  const defaults = { inference: smooth, threat, rho: 0.75, eot: 1, checks, dropsFooled: false };
  for (const _ of ascend(climbs, { ...defaults, ...problem })) look(climbs);
  return climbs;
}

function row(
  name: string,
  [loss, rank, norm, epsilon, steps]: [ApgdLoss, number, Norm, number, number],
  best: readonly number[],
  right: readonly boolean[],
): Row {
  return { name, loss, ...(rank === 0 ? {} : { rank }), norm, epsilon, steps, best, right };
}
