/** Natural training: the mean cross-entropy of clean images. */
import { meanCrossEntropy } from "./mean-loss.js";
import { type Batch, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";

/** min mean CE(f(x), y) */
export function naturalObjective(statistics: StatisticsRule = methodStatistics): Objective {
  return {
    name: "natural",
    forwardEquivalents: 3,
    *accumulate({ training, images, labels }: Batch) {
      const tape = training.forward(images);
      training.updateStatistics(tape, statistics.variance);
      yield "update";
      const { loss, correct, gradient } = meanCrossEntropy(tape.logits, labels);
      training.backward(tape, gradient);
      yield "update";
      return { loss, correct };
    },
  };
}
