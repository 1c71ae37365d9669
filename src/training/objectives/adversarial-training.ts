/** Standard adversarial training, "at" (Madry et al. 2018): the mean cross-entropy of images attacked by PGD. */
import { crossEntropy } from "../../losses/cross-entropy.js";
import { innerAscent, trainingStart, uniformStart } from "./inner-ascent.js";
import { meanCrossEntropy } from "./mean-loss.js";
import { type Batch, type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { statisticsPass } from "./statistics-pass.js";

/** min mean CE(f(x'), y), x' from PGD on the cross-entropy from a uniform start in the ball. */
export function adversarialTraining(attack: InnerAttack, statistics: StatisticsRule = methodStatistics): Objective {
  return {
    name: "at",
    forwardEquivalents: 2 * attack.steps + 3 + (statistics.updates === "hydra" ? 1 : 0),
    *accumulate(batch: Batch) {
      const { training, images, labels, bounds } = batch;
      const target = { inference: training.inference, images, bounds };
      if (statistics.updates === "hydra") yield* statisticsPass(training, images, statistics);
      const start = uniformStart(target, attack.epsilon, trainingStart(batch));
      const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, training.classes).gradient;
      const attacked = yield* innerAscent(target, { ...attack, start, lossGradient });
      const tape = training.forward(attacked);
      training.updateStatistics(tape, statistics.variance);
      yield "update";
      const { loss, correct, gradient } = meanCrossEntropy(tape.logits, labels);
      training.backward(tape, gradient);
      yield "update";
      return { loss, correct };
    },
  };
}
