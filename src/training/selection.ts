/** Which network of a run is kept as its best: on which samples it is judged, when, and by what. */
import { stream } from "../core/rng.js";
import type { Inference } from "../engines/engine.js";
import { crossEntropy } from "../losses/cross-entropy.js";
import { predictions } from "../losses/predictions.js";
import { innerAscent, uniformStart } from "./objectives/inner-ascent.js";
import type { InnerAttack } from "./objectives/objective.js";
import { labelsAt, type Samples } from "./samples.js";

/**
 * "test-clean": clean accuracy on the test set, judged after the first step of each epoch (the authors' code); "val-clean"
 * and "val-pgd": clean accuracy, or accuracy under the training attack's PGD, on held-out training images after each
 * epoch; "last": nothing is kept but the end.
 */
export type SelectionRule = "test-clean" | "val-clean" | "val-pgd" | "last";

export interface Selection {
  readonly rule: SelectionRule;
  readonly split: "train" | "test";
  readonly samples: Samples;
  /** The attack of `val-pgd`; null where only clean accuracy counts. */
  readonly attack: InnerAttack | null;
  /** Whether the loss under the attack is measured too, for which images that are wrong already are attacked as well. */
  readonly withLoss?: boolean;
}

export interface Evaluation {
  readonly cleanAccuracy: number;
  /** Mean cross-entropy of the samples, without an attack. */
  readonly cleanLoss: number | null;
  /** The mean of the batches' means, as the authors' code logs it: a smaller last batch counts as much as the others. */
  readonly batchLoss: number | null;
  /** Over all samples of the selection; null without an attack. */
  readonly robustAccuracy: number | null;
  /** The same under one step of the whole radius from the image itself, which tells whether single steps are all it withstands. */
  readonly oneStepAccuracy: number | null;
  /** Mean cross-entropy under the attack; null where it was not asked for. */
  readonly robustLoss: number | null;
}

/** Training images that a `val-…` rule holds out: the last min(1000, N/10) of N. */
export function heldOut(samples: number): number {
  return Math.min(1000, Math.floor(samples / 10));
}

export interface EvaluationOptions {
  readonly selection: Selection;
  readonly batchSize: number;
  readonly bounds: readonly [number, number];
  readonly seed: number;
}

/** Accuracies of the network as it is now. Yields after each engine call. */
export function* evaluate(inference: Inference, options: EvaluationOptions): Generator<void, Evaluation> {
  const { samples, attack, withLoss = false } = options.selection;
  let clean = 0;
  let cleanLoss = 0;
  let batchLoss = 0;
  let robust = 0;
  let oneStep = 0;
  let loss = 0;
  for (let from = 0; from < samples.size; from += options.batchSize) {
    const indices = range(from, Math.min(from + options.batchSize, samples.size));
    const { right, loss: batch } = classified(inference, samples, indices);
    yield;
    clean += right.length;
    cleanLoss += batch;
    batchLoss += batch / indices.length;
    if (attack === null) continue;
    const attacked = withLoss ? indices : right;
    const under = yield* attackedImages(inference, attacked, { ...options, attack, start: "uniform" });
    robust += survivorsAmong(under, right);
    if (withLoss) loss += under.loss;
    const whole = { ...attack, stepSize: attack.epsilon, steps: 1 };
    oneStep += survivorsAmong(
      yield* attackedImages(inference, right, { ...options, attack: whole, start: "image" }),
      right,
    );
  }
  return {
    cleanAccuracy: clean / samples.size,
    cleanLoss: cleanLoss / samples.size,
    batchLoss: batchLoss / Math.ceil(samples.size / options.batchSize),
    robustAccuracy: attack === null ? null : robust / samples.size,
    oneStepAccuracy: attack === null ? null : oneStep / samples.size,
    robustLoss: attack === null || !withLoss ? null : loss / samples.size,
  };
}

type Accuracies = Pick<Evaluation, "cleanAccuracy" | "robustAccuracy">;

/** Whether an evaluation is strictly better: by robust accuracy where there is one, clean accuracy decides among equals. */
export function isBetter(evaluation: Accuracies, best: Accuracies | null): boolean {
  if (best === null) return true;
  const robustGain = (evaluation.robustAccuracy ?? 0) - (best.robustAccuracy ?? 0);
  return robustGain > 0 || (robustGain === 0 && evaluation.cleanAccuracy > best.cleanAccuracy);
}

/** Those that are classified rightly, and the sum of the cross-entropy of all. */
function classified(inference: Inference, samples: Samples, indices: Uint32Array) {
  const logits = inference.logits(samples.read(indices));
  const predicted = predictions(logits, inference.classes);
  const { values } = crossEntropy(logits, labelsAt(samples, indices), inference.classes);
  return {
    right: indices.filter((index, i) => predicted[i] === samples.labels[index]),
    loss: values.reduce((sum, one) => sum + one, 0),
  };
}

interface AttackOptions extends EvaluationOptions {
  readonly attack: InnerAttack;
  /** "uniform": one random point of the ball, the same in every evaluation. */
  readonly start: "uniform" | "image";
}

interface Attacked {
  /** Those that are classified rightly behind the attack. */
  readonly right: ReadonlySet<number>;
  /** Sum of the cross-entropy. */
  readonly loss: number;
}

function* attackedImages(
  inference: Inference,
  indices: Uint32Array,
  { selection, attack, bounds, seed, start: from }: AttackOptions,
): Generator<void, Attacked> {
  if (indices.length === 0) return { right: new Set(), loss: 0 };
  const { samples } = selection;
  const labels = labelsAt(samples, indices);
  const target = { inference, images: samples.read(indices), bounds };
  const draws = (place: number) => stream(seed, "pgd", indices[place] ?? 0);
  const random = { batch: indices.length, draws };
  const start = from === "image" ? target.images : uniformStart(target, attack.epsilon, random);
  const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, inference.classes).gradient;
  const ascent = innerAscent(target, { ...attack, start, lossGradient });
  let call = ascent.next();
  for (; !call.done; call = ascent.next()) yield;
  const logits = inference.logits(call.value);
  yield;
  const predicted = predictions(logits, inference.classes);
  const losses = crossEntropy(logits, labels, inference.classes).values;
  return {
    right: new Set(indices.filter((_, i) => predicted[i] === labels[i])),
    loss: losses.reduce((sum, one) => sum + one, 0),
  };
}

function survivorsAmong({ right }: Attacked, indices: Uint32Array): number {
  return indices.reduce((count, index) => count + (right.has(index) ? 1 : 0), 0);
}

function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, i) => from + i);
}
