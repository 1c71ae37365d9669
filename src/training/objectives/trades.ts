/** TRADES (Zhang et al. 2019): accuracy on clean images, and the same answer on their attacked copies. */
import { klDivergence } from "../../losses/kl-divergence.js";
import { innerAscent, normalStart, trainingStart } from "./inner-ascent.js";
import { mean, meanCrossEntropy } from "./mean-loss.js";
import { type Batch, type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { statisticsPass } from "./statistics-pass.js";
import { type PairLoss, trainOnPair } from "./train-on-pair.js";

export interface TradesOptions {
  readonly attack: InnerAttack;
  readonly beta: number;
  readonly statistics?: StatisticsRule;
}

/** Deviation of the normal noise that the attack starts from; at the image itself the divergence has no gradient. */
const START_DEVIATION = 0.001;

/** min mean CE(f(x), y) + beta/B · sum KL(f(x) || f(x~)), x~ from ascent on that divergence; gradients through both. */
export function tradesObjective({ attack, beta, statistics = methodStatistics }: TradesOptions): Objective {
  const replays = statistics.updates === "hydra";
  return {
    name: "trades",
    forwardEquivalents: 1 + 2 * attack.steps + 6 + (replays ? 1 : 0),
    *accumulate(batch: Batch) {
      const { training, images, labels, bounds } = batch;
      const target = { inference: training.inference, images, bounds };
      if (replays) yield* statisticsPass(training, images, statistics);
      const clean = training.inference.logits(images);
      yield "attack";
      const start = normalStart(target, START_DEVIATION, trainingStart(batch));
      const lossGradient = (logits: Float32Array) => klDivergence(clean, logits, training.classes).gradientQ;
      const attacked = yield* innerAscent(target, { ...attack, start, lossGradient });
      const loss = (z: Float32Array, a: Float32Array) => tradesLoss(z, a, { labels, beta });
      return yield* trainOnPair(batch, { attacked, statistics, loss });
    },
  };
}

/** Mean CE(z, y) + beta · mean KL(z || a) of logits z, a [batch, classes]. */
export function tradesLoss(
  z: Float32Array,
  a: Float32Array,
  { labels, beta }: { readonly labels: Uint8Array; readonly beta: number },
): PairLoss {
  const batch = labels.length;
  const clean = meanCrossEntropy(z, labels);
  const divergence = klDivergence(z, a, z.length / batch);
  const scale = beta / batch;
  return {
    loss: clean.loss + beta * mean(divergence.values),
    correct: clean.correct,
    natural: clean.gradient.map((gradient, i) => gradient + scale * (divergence.gradientP[i] as number)),
    adversarial: divergence.gradientQ.map((gradient) => scale * gradient),
  };
}
