/** Mixed-batch adversarial training, "mat" (Kurakin et al. 2017): half of each batch attacked by PGD, half clean. */
import { crossEntropy } from "../../losses/cross-entropy.js";
import { innerAscent, trainingStart, uniformStart } from "./inner-ascent.js";
import { meanCrossEntropy } from "./mean-loss.js";
import { type Batch, type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { statisticsPass } from "./statistics-pass.js";

/**
 * min mean CE over [x'_1 … x'_B/2, x_B/2+1 … x_B], one batch with equal weights, x' as in adversarial training. Of an odd batch
 * the image in the middle is attacked too.
 */
export function mixedBatchTraining(attack: InnerAttack, statistics: StatisticsRule = methodStatistics): Objective {
  return {
    name: "mat",
    forwardEquivalents: attack.steps + 3 + (statistics.updates === "hydra" ? 1 : 0),
    *accumulate(batch: Batch) {
      const { training, images, labels } = batch;
      if (statistics.updates === "hydra") yield* statisticsPass(training, images, statistics);
      const mixed = new Float32Array(images);
      mixed.set(yield* attackedHalf(batch, attack));
      const tape = training.forward(mixed);
      training.updateStatistics(tape, statistics.variance);
      yield "update";
      const { loss, correct, gradient } = meanCrossEntropy(tape.logits, labels);
      training.backward(tape, gradient);
      yield "update";
      return { loss, correct };
    },
  };
}

function* attackedHalf(batch: Batch, attack: InnerAttack) {
  const { training, images, bounds } = batch;
  const count = Math.ceil(batch.labels.length / 2);
  const labels = batch.labels.subarray(0, count);
  const half = images.subarray(0, (images.length / batch.labels.length) * count);
  const target = { inference: training.inference, images: half, bounds };
  const start = uniformStart(target, attack.epsilon, trainingStart({ ...batch, labels }));
  const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, training.classes).gradient;
  return yield* innerAscent(target, { ...attack, start, lossGradient });
}
