import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { deathRate, exchangeCounts, flyingBird, isDue } from "../../src/training/flying-bird.js";
import { TrainingTrends } from "../../src/training/flying-bird-plus.js";
import { assertNew, type SeenStep, watchExchanges } from "../support/exchanging-perceptron.js";
import { plainEngine } from "../support/plain-engine.js";

const EVERY = 6;
const STEPS = 48;

test("the share that dies falls along a cosine from a half to 0.005", () => {
  const rate = (done: number) => deathRate(done, { fraction: 0.5, scheduled: 70_400 });
  assert.equal(rate(0), 0.5);
  assert.ok(Math.abs(rate(35_200) - 0.2525) < 1e-12);
  assert.ok(Math.abs(rate(70_400) - 0.005) < 1e-12);
});

test("exchanges come every 900 steps, from half of the steps every 1,200", () => {
  const due = Array.from({ length: 7_200 }, (_, i) => i + 1).filter((done) =>
    isDue(done, { every: 900, scheduled: 7_200 }),
  );
  assert.deepEqual(due, [900, 1_800, 2_700, 3_600, 4_800, 6_000, 7_200]);
});

test("as many come as go; a full layer keeps all, a nearly full one takes no more than there is room for", () => {
  const at = (held: number, size: number) =>
    exchangeCounts({ held, size, done: 0, fraction: 0.5, scheduled: 100, trends: null });
  assert.deepEqual(at(101, 1_000), { count: 51, grow: 51 });
  assert.deepEqual(at(1_000, 1_000), { count: 0, grow: 0 });
  assert.deepEqual(at(999, 1_000), { count: 500, grow: 500 });
  assert.deepEqual(at(1, 1_000), { count: 1, grow: 1 });
});

test("in the second half a gap that grows lets more go, a loss that does not fall lets more come", () => {
  const at = (done: number, trends: TrainingTrends) =>
    exchangeCounts({ held: 1_000, size: 9_000, done, fraction: 0.5, scheduled: 100, trends });
  const wide = trendsOf([0.1, 0.2, 0.3], [3, 2, 1]);
  const stuck = trendsOf([0.3, 0.2, 0.1], [1, 1, 1]);
  const both = trendsOf([0.1, 0.2, 0.3], [1, 2, 3]);
  assert.deepEqual(at(50, both), { count: 253, grow: 253 });
  const share = deathRate(60, { fraction: 0.5, scheduled: 100 });
  const going = Math.ceil(1_000 * share);
  const extra = Math.ceil(0.4 * 1_000 * share);
  assert.deepEqual(at(60, wide), { count: going + extra, grow: going });
  assert.deepEqual(at(60, stuck), { count: going, grow: Math.round(1.05 * going) });
  assert.deepEqual(at(60, both), { count: going + extra, grow: Math.round(1.05 * going) });
});

for (const [name, engine] of [
  ["plain", plainEngine],
  ["native", nativeEngine({ reason: "tests", threads: 2 })],
] satisfies [string, Engine][]) {
  for (const grow of ["random", "gradient"] as const) {
    test(`the smallest go and as many come without weight and momentum (${grow}, ${name}), each layer keeping its number`, () => {
      const exchanges: number[] = [];
      run({ engine, grow, trends: null }, ({ training, before, result, step }) => {
        const after = training.connections(0);
        const grown = assertNew(training, before);
        assert.deepEqual([...result.connections], [before.length, training.connections(1).length]);
        assert.equal(after.length, before.length);
        if (result.reconnected > 0) exchanges.push(step + 1);
        else assert.equal(grown.length, 0);
      });
      assert.deepEqual(exchanges, [6, 12, 18, 24, 32, 40, 48]);
    });
  }
}

test("with trends a network loses connections while it overfits and gains some while its loss stands", () => {
  const size = (trends: TrainingTrends) => {
    let left = 0;
    run({ engine: plainEngine, grow: "random", trends }, ({ result }) => {
      left = result.connections.reduce((sum, count) => sum + count, 0);
    });
    return left;
  };
  const steady = size(trendsOf([3, 2, 1], [3, 2, 1]));
  assert.ok(size(trendsOf([1, 2, 3], [3, 2, 1])) < steady);
  assert.ok(size(trendsOf([3, 2, 1], [1, 2, 3])) > steady);
});

function trendsOf(gaps: readonly number[], losses: readonly number[]): TrainingTrends {
  const trends = new TrainingTrends(null);
  for (const [i, gap] of gaps.entries()) {
    const evaluation = {
      cleanAccuracy: 1,
      cleanLoss: 0,
      batchLoss: 0,
      robustAccuracy: 0,
      oneStepAccuracy: 0,
      robustLoss: losses[i] ?? 0,
    };
    trends.follow({ trainAccuracy: gap, evaluation: { ...evaluation } });
  }
  return trends;
}

interface Choice {
  readonly engine: Engine;
  readonly grow: "random" | "gradient";
  readonly trends: TrainingTrends | null;
}

function run({ engine, grow, trends }: Choice, see: (seen: SeenStep) => void): void {
  const update = { seed: 1, momentum: 0.9, grow, trends, every: EVERY, fraction: 0.5, scheduled: STEPS };
  watchExchanges(
    {
      ...{ engine, mode: "flying-bird", units: 24, density: 0.4, steps: STEPS },
      update: (network) => flyingBird({ ...network, ...update }),
    },
    see,
  );
}
