/** MART (Wang et al. 2020): boosted cross-entropy of attacked images, and the same answer where clean ones are misclassified. */
import { boostedCrossEntropy } from "../../losses/boosted-cross-entropy.js";
import { crossEntropy } from "../../losses/cross-entropy.js";
import { weightedDivergence } from "../../losses/weighted-divergence.js";
import { innerAscent, normalStart, trainingStart } from "./inner-ascent.js";
import { countCorrect, mean } from "./mean-loss.js";
import { type Batch, type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { statisticsPass } from "./statistics-pass.js";
import { type PairLoss, trainOnPair } from "./train-on-pair.js";

export interface MartOptions {
  readonly attack: InnerAttack;
  readonly beta: number;
  readonly statistics?: StatisticsRule;
}

/** Deviation of the normal noise that the attack starts from. */
const START_DEVIATION = 0.001;

/**
 * min mean BCE(f(x'), y) + beta/B · sum (1.0000001 - p_y(x)) KL(f(x) || f(x')), x' from ascent on the cross-entropy; gradients
 * through both networks and through p_y.
 */
export function martObjective({ attack, beta, statistics = methodStatistics }: MartOptions): Objective {
  const replays = statistics.updates === "hydra";
  return {
    name: "mart",
    forwardEquivalents: 2 * attack.steps + 6 + (replays ? 1 : 0),
    *accumulate(batch: Batch) {
      const { training, images, labels, bounds } = batch;
      const target = { inference: training.inference, images, bounds };
      if (replays) yield* statisticsPass(training, images, statistics);
      const start = normalStart(target, START_DEVIATION, trainingStart(batch));
      const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, training.classes).gradient;
      const attacked = yield* innerAscent(target, { ...attack, start, lossGradient });
      const loss = (z: Float32Array, a: Float32Array) => martLoss(z, a, { labels, beta });
      return yield* trainOnPair(batch, { attacked, statistics, loss });
    },
  };
}

/** Mean BCE(a, y) + beta · mean (1.0000001 - p_y) KL(z || a) of logits z, a [batch, classes]; rightly classified are attacked images. */
export function martLoss(
  z: Float32Array,
  a: Float32Array,
  { labels, beta }: { readonly labels: Uint8Array; readonly beta: number },
): PairLoss {
  const batch = labels.length;
  const classes = z.length / batch;
  const boosted = boostedCrossEntropy(a, labels, classes);
  const divergence = weightedDivergence(z, a, { labels, classes });
  return {
    loss: mean(boosted.values) + beta * mean(divergence.values),
    correct: countCorrect(a, labels),
    natural: divergence.gradientP.map((gradient) => (beta * gradient) / batch),
    adversarial: boosted.gradient.map((gradient, i) => (gradient + beta * (divergence.gradientQ[i] as number)) / batch),
  };
}
