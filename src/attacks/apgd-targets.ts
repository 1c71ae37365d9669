/** Which class each sample's targeted run aims at. */
import { classesOfRank } from "./apgd-loss.js";
import { type AttackBatch, type EngineCall, type Passes, passOf } from "./attack.js";

/**
 * For each sample of a pass its target, by its rank among the logits of the unperturbed image: rank 2 in the first pass, up to
 * `count` + 1, then again from 2 for each further restart. A forward where those logits are not known.
 */
export function* rankedTargets(
  { inference, images, labels, cleanLogits }: AttackBatch,
  count: number,
  pass: Passes,
): Generator<EngineCall, Int32Array> {
  const rankOf = (sample: number) => 2 + ((passOf(pass, sample) - 1) % count);
  if (cleanLogits !== undefined) return classesOfRank(cleanLogits, inference.classes, rankOf);
  const logits = inference.logits(images);
  yield { forwards: labels.length, gradients: 0 };
  return classesOfRank(logits, inference.classes, rankOf);
}
