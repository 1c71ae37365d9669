import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import type { Training } from "../../src/engines/engine.js";
import type { ConnectivityMode } from "../../src/sparsity/initial.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Samples } from "../../src/training/samples.js";
import { evaluate } from "../../src/training/selection.js";
import type { UpdateResult } from "../../src/training/update.js";
import { learningEngine as engine, seedsFor } from "../support/learning-engine.js";
import { perceptron, trainToy, vectorSamples } from "../support/toy-training.js";

/** 100 inputs of which 10 decide: a sparse network finds them only by moving its connections. */
const INPUTS = 100;
const INFORMATIVE = 10;
const STEPS = 3000;
const graph = perceptron([64, 5]);
const seeds = seedsFor(3);

test("the method finds the inputs that matter where static masks cannot", async (t) => {
  const accuracies: Record<string, number[]> = { bayes: [], fixed: [], random: [] };
  for (const seed of seeds) {
    for (const mode of ["bayes", "fixed", "random"] as const) {
      const reconnected: number[] = [];
      const watch = (_: Training, result: UpdateResult) => reconnected.push(result.reconnected);
      const training = await trainToy({ ...task(seed, mode), engine, watch });
      accuracies[mode]?.push(accuracyOf(training, testSamples(seed)));
      if (mode === "bayes") {
        assertInformed(training);
        assertSettles(reconnected);
      }
      training.dispose();
    }
  }
  const mean = (mode: string) => (accuracies[mode] ?? []).reduce((sum, a) => sum + a, 0) / seeds.length;
  t.diagnostic(JSON.stringify(accuracies));
  assert.ok(accuracies.bayes?.every((accuracy) => accuracy >= 0.88));
  assert.ok(mean("bayes") >= (seeds.length > 1 ? 0.93 : 0.9));
  assert.ok(mean("bayes") - mean("fixed") >= 0.15);
  assert.ok(mean("bayes") - mean("random") >= 0.2);
});

test("connections exchanged at random or by gradient find those inputs too", async (t) => {
  const accuracies: Record<string, number> = {};
  const [seed = 1] = seeds;
  for (const mode of ["fixed", "set", "rigl", "deep-rewiring"] as const) {
    const training = await trainToy({ ...task(seed, mode), engine });
    accuracies[mode] = accuracyOf(training, testSamples(seed));
    training.dispose();
  }
  t.diagnostic(JSON.stringify(accuracies));
  for (const mode of ["set", "rigl"]) assert.ok((accuracies[mode] ?? 0) - (accuracies.fixed ?? 1) >= 0.1, mode);
});

test("a start above the budget comes down to it, or is scaled to it at once", async (t) => {
  const found: Record<string, number> = { keep: 0, rescale: 0 };
  for (const seed of seeds) {
    for (const excess of ["keep", "rescale"] as const) {
      const totals: number[] = [];
      const initialDensity = (name: string, p: number) => (name === "fc1" ? 2 * p : 0.6);
      const watch = (_: Training, { connections }: UpdateResult) =>
        totals.push(connections.reduce((sum, count) => sum + count, 0));
      const training = await trainToy({ ...task(seed, "bayes"), engine, excess, initialDensity, watch });
      found[excess] = (found[excess] ?? 0) + accuracyOf(training, testSamples(seed)) / seeds.length;
      training.dispose();
      if (excess === "rescale") assert.ok(totals.every((total) => total === 336));
      else assertFalls(totals);
    }
  }
  t.diagnostic(JSON.stringify(found));
  assert.ok((found.rescale ?? 0) >= 0.9 && (found.rescale ?? 0) > (found.keep ?? 1));
});

function assertFalls(totals: readonly number[]): void {
  assert.ok((totals[0] ?? 0) > 700, "it begins with 832 connections, far above the budget");
  assert.ok(totals.every((total, step) => total >= 336 && total <= (totals[step - 1] ?? 832)));
}

/** The share of first-layer connections on informative inputs begins near 0.1. */
function assertInformed(training: Training): void {
  const positions = training.connections(0);
  const share = positions.filter((position) => position % INPUTS < INFORMATIVE).length / positions.length;
  assert.ok(share >= 0.18, `share ${share}`);
}

/** Many connections move at first, few in the middle of the first phase, none at the end. */
function assertSettles(reconnected: readonly number[]): void {
  const mean = (from: number, to: number) =>
    reconnected.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  assert.ok(mean(0, 50) > 5 && mean(0, 50) < 20, `first 50 steps: ${mean(0, 50)}`);
  assert.ok(mean(500, 1000) > 1 && mean(500, 1000) < 3.5, `middle of the first phase: ${mean(500, 1000)}`);
  assert.ok(mean(2800, 3000) < 0.5, `end: ${mean(2800, 3000)}`);
}

function task(seed: number, mode: ConnectivityMode) {
  return {
    ...{ graph, classes: 5, mode, density: 0.05, objective: naturalObjective(), steps: STEPS, seed },
    data: samples(seed, { count: 8000, part: 0 }),
    initialDensity: (name: string, p: number) => (name === "fc1" ? 0.5 * p : 0.3),
    bounds: [-10, 10] as const,
  };
}

function testSamples(seed: number): Samples {
  return samples(seed, { count: 4000, part: 1 });
}

/** Normal inputs; the label is the largest of five random linear functions of the first ten. */
function samples(seed: number, { count, part }: { count: number; part: number }): Samples {
  const map = new Float32Array(5 * INFORMATIVE);
  stream(seed, "score", 100).fillNormal(map, 1);
  const rows = new Float32Array(count * INPUTS);
  stream(seed, "score", 101, part).fillNormal(rows, 1);
  const labels = Uint8Array.from({ length: count }, (_, i) => {
    const x = rows.subarray(i * INPUTS, i * INPUTS + INFORMATIVE);
    const scores = Array.from({ length: 5 }, (_, c) =>
      x.reduce((sum, value, k) => sum + value * (map[c * INFORMATIVE + k] ?? 0), 0),
    );
    return scores.indexOf(Math.max(...scores));
  });
  return vectorSamples(rows, labels);
}

function accuracyOf(training: Training, data: Samples): number {
  const selection = { rule: "last", split: "test", samples: data, attack: null } as const;
  const calls = evaluate(training.inference, { selection, batchSize: 500, bounds: [-10, 10], seed: 1 });
  let call = calls.next();
  while (!call.done) call = calls.next();
  return call.value.cleanAccuracy;
}
