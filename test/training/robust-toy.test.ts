import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import type { Training } from "../../src/engines/engine.js";
import { adversarialTraining } from "../../src/training/objectives/adversarial-training.js";
import { martObjective } from "../../src/training/objectives/mart.js";
import { mixedBatchTraining } from "../../src/training/objectives/mixed-batch.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Objective } from "../../src/training/objectives/objective.js";
import { tradesObjective } from "../../src/training/objectives/trades.js";
import type { Samples } from "../../src/training/samples.js";
import { evaluate } from "../../src/training/selection.js";
import { learningEngine as engine, seedsFor } from "../support/learning-engine.js";
import { perceptron, trainToy, vectorSamples } from "../support/toy-training.js";

/** One robust input among many that predict well and break under a small attack. */
const INPUTS = 50;
const EPSILON = 0.6;
const bounds = [-10, 10] as const;
const attack = { epsilon: EPSILON, stepSize: 0.15, steps: 10 };

const cases: readonly [Objective, (clean: number, robust: number) => boolean][] = [
  [naturalObjective(), (clean, robust) => clean >= 0.97 && robust <= 0.15],
  [adversarialTraining(attack), (_, robust) => robust >= 0.9],
  [mixedBatchTraining(attack), (_, robust) => robust >= 0.9],
  [tradesObjective({ attack, beta: 6 }), (_, robust) => robust >= 0.9],
];

for (const [objective, isExpected] of cases) {
  const outcome = objective.name === "natural" ? "an accurate but fragile" : "a robust";
  test(`${objective.name} training of a sparse network gives ${outcome} one`, async (t) => {
    for (const seed of seedsFor(3)) {
      const { cleanAccuracy, robustAccuracy } = await trainAndJudge(objective, seed);
      t.diagnostic(`seed ${seed}: clean ${cleanAccuracy}, robust ${robustAccuracy}`);
      assert.ok(isExpected(cleanAccuracy, robustAccuracy ?? 0));
    }
  });
}

test("mart training of a sparse network gives a robust one, except where it collapses to one class", async (t) => {
  const robust: number[] = [];
  for (const seed of seedsFor(4)) {
    const { cleanAccuracy, robustAccuracy } = await trainAndJudge(martObjective({ attack, beta: 6 }), seed);
    t.diagnostic(`seed ${seed}: clean ${cleanAccuracy}, robust ${robustAccuracy}`);
    robust.push(robustAccuracy ?? Number.NaN);
  }
  assert.ok(Math.max(...robust) >= 0.9);
});

/** Accuracies on held-out samples; a loss that is not finite would have been an error. */
async function trainAndJudge(objective: Objective, seed: number) {
  const training = await trainToy({
    ...{ engine, graph: perceptron([32, 2]), classes: 2, mode: "bayes", density: 0.2, bounds, seed },
    ...{ objective, steps: 2000, data: samples(seed, { count: 8000, part: 0 }) },
    initialDensity: (name, p) => (name === "fc1" ? 0.5 * p : 0.6),
  });
  const judged = judge(training, samples(seed, { count: 2000, part: 1 }));
  training.dispose();
  return judged;
}

/** x_1 is the label's sign with probability 0.95, the others N(0.3 sign, 1). */
function samples(seed: number, { count, part }: { count: number; part: number }): Samples {
  const draws = stream(seed, "score", 200, part);
  const labels = new Uint8Array(count);
  const rows = new Float32Array(count * INPUTS);
  draws.fillNormal(rows, 1);
  for (let i = 0; i < count; i++) {
    labels[i] = draws.uniform() < 0.5 ? 0 : 1;
    const sign = 2 * (labels[i] ?? 0) - 1;
    for (let k = 1; k < INPUTS; k++) rows[i * INPUTS + k] = (rows[i * INPUTS + k] ?? 0) + 0.3 * sign;
    rows[i * INPUTS] = draws.uniform() < 0.95 ? sign : -sign;
  }
  return vectorSamples(rows, labels);
}

function judge(training: Training, data: Samples) {
  const pgd50 = { epsilon: EPSILON, stepSize: (2.5 * EPSILON) / 50, steps: 50 };
  const selection = { rule: "val-pgd", split: "test", samples: data, attack: pgd50 } as const;
  const calls = evaluate(training.inference, { selection, batchSize: 500, bounds, seed: 1 });
  let call = calls.next();
  while (!call.done) call = calls.next();
  return call.value;
}
