import { test } from "node:test";
import { martObjective } from "../../../src/training/objectives/mart.js";
import { mixedBatchTraining } from "../../../src/training/objectives/mixed-batch.js";
import type { Objective } from "../../../src/training/objectives/objective.js";
import { tradesObjective } from "../../../src/training/objectives/trades.js";
import { assertClose } from "../../support/assert-close.js";
import { plainEngine } from "../../support/plain-engine.js";
import { networkOf } from "../../support/small-networks.js";

const graph = [
  { name: "bn", op: "batchnorm", inputs: ["input"], epsilon: 1e-5, momentum: 0.1 },
  { name: "flatten", op: "flatten", inputs: ["bn"], order: "chw" },
  { name: "fc", op: "dense", inputs: ["flatten"], units: 2, bias: true, rewire: true },
] as const;
const network = networkOf({ graph, input: [1, 1, 1], classes: 2 });
const attack = { epsilon: 10, stepSize: 1, steps: 1 };

/** Mean 2 and variance 3; what the attack makes of them has mean 1 and variance 1.5. */
const clean = Float32Array.of(2 - Math.sqrt(3), 2 + Math.sqrt(3));
const attacked = Float32Array.of(1 - Math.sqrt(1.5), 1 + Math.sqrt(1.5));

for (const objective of [tradesObjective({ attack, beta: 6 }), martObjective({ attack, beta: 6 })]) {
  test(`${objective.name} moves running statistics by the clean batch, then by the attacked one`, () => {
    const { means, variances } = statisticsUnder(objective, clean, attacked);
    assertClose(means, [0.2, 0.28], 1e-6);
    assertClose(variances, [1.2, 1.23], 1e-6);
  });
}

test("mat moves running statistics once, by the whole mixed batch", () => {
  const { means, variances } = statisticsUnder(mixedBatchTraining(attack), Float32Array.of(7, 7, 3, 5), [1, 3]);
  // 1, 3 attacked and 3, 5 clean: mean 3, variance 2.
  assertClose(means, [0.3], 1e-6);
  assertClose(variances, [1.1], 1e-6);
});

/** Running mean and variance, from (0, 1), after each update of one step whose attack ends at `outcome`. */
function statisticsUnder(objective: Objective, images: Float32Array, outcome: ArrayLike<number>) {
  const training = plainEngine.train(withFreshStatistics(), { rules: new Map() });
  const found: { means: number[]; variances: number[] } = { means: [], variances: [] };
  const update = training.updateStatistics.bind(training);
  training.updateStatistics = (tape, variance) => {
    update(tape, variance);
    found.means.push(training.tensors().get("bn.running_mean")?.values[0] ?? Number.NaN);
    found.variances.push(training.tensors().get("bn.running_var")?.values[0] ?? Number.NaN);
  };
  training.inference.ascend = () => ({ advance() {}, images: () => Float32Array.from(outcome), dispose() {} });
  const labels = Uint8Array.from(images, (_, i) => i % 2);
  const calls = objective.accumulate({ training, images, labels, bounds: [-10, 10], seed: 1, step: 0 });
  while (!calls.next().done);
  return found;
}

function withFreshStatistics(): Parameters<typeof plainEngine.train>[0] {
  const values = { "bn.running_mean": 0, "bn.running_var": 1 };
  const tensors = new Map(network.tensors);
  for (const [name, value] of Object.entries(values))
    tensors.set(name, { type: "dense", shape: [1], values: Float32Array.of(value) });
  return { ...network, tensors };
}
