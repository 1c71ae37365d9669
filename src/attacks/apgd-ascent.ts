/** Many samples' climbs of Auto-PGD side by side: one engine call for all of them at a time. */
import type { Inference } from "../engines/engine.js";
import { finiteRows, predictions } from "../losses/predictions.js";
import type { Climber, Evaluated } from "./apgd-climb.js";
import { type ApgdLoss, apgdLoss } from "./apgd-loss.js";
import type { EngineCall, ThreatModel } from "./attack.js";

export interface Ascent {
  readonly inference: Inference;
  readonly threat: ThreatModel;
  readonly loss: ApgdLoss;
  readonly steps: number;
  /** Length of the window that ends with a step (from 0), for each step after which climbs look at their progress. */
  readonly checks: ReadonlyMap<number, number>;
  /** Share of a window's steps in which the loss must rise, or the step size is halved. */
  readonly rho: number;
  /** Gradients that are averaged at each iterate. */
  readonly eot: number;
  /** Whether samples that have fallen are left out from the next tenth iteration on. */
  readonly dropsFooled: boolean;
}

/** How often fallen samples are left out: at the same iterations whatever else is in the batch, so that images do not hang on it. */
const DROP_EVERY = 10;

/** Climbs from the starts: `steps` steps and one evaluation more, each of all samples that are still in. */
export function* ascend(all: readonly Climber[], ascent: Ascent): Generator<EngineCall, void> {
  const { steps, rho, checks, dropsFooled } = ascent;
  const threat = rounded(ascent.threat);
  let climbs = all;
  yield* evaluate(climbs, ascent, (seen) => {
    return { zeroGradients: climbs.filter((climb, i) => climb.begin(seen(i), threat.epsilon)).length };
  });
  for (let step = 0; step < steps && climbs.length > 0; step++) {
    for (const climb of climbs) climb.step(threat);
    yield* evaluate(climbs, ascent, (seen) => {
      for (const [i, climb] of climbs.entries()) climb.see(seen(i));
      // In a ball of radius 0 nothing can rise.
      const isTold = step === steps - 1 && threat.epsilon > 0;
      return isTold ? { stuck: climbs.filter(({ isStuck }) => isStuck).length } : {};
    });
    const window = checks.get(step);
    if (window !== undefined) for (const climb of climbs) climb.check(window, rho);
    if (dropsFooled && (step + 1) % DROP_EVERY === 0) climbs = climbs.filter(({ adversarial }) => adversarial === null);
  }
}

/**
 * Evaluates each climb's iterate and hands it to `take`, which may add to what the call reports. Of several evaluations the
 * gradients are averaged; logits and losses are the last one's, as in the published code.
 */
function* evaluate(
  climbs: readonly Climber[],
  ascent: Ascent,
  take: (seen: (i: number) => Evaluated) => Partial<EngineCall>,
): Generator<EngineCall, void> {
  const batch = pack(climbs);
  const call = { forwards: 0, gradients: climbs.length };
  let { logits, losses, gradient } = evaluateOnce(batch, ascent);
  for (let evaluation = 1; evaluation < ascent.eot; evaluation++) {
    yield call;
    const next = evaluateOnce(batch, ascent);
    const sum = gradient.map((slope, i) => slope + (next.gradient[i] as number));
    [logits, losses, gradient] = [next.logits, next.losses, sum];
  }
  const mean = ascent.eot === 1 ? gradient : gradient.map((slope) => slope / ascent.eot);
  const predicted = predictions(logits, ascent.inference.classes);
  const finite = finiteRows(logits, ascent.inference.classes);
  const size = gradient.length / climbs.length;
  const seen = (i: number) => ({
    loss: losses[i] ?? Number.NaN,
    gradient: mean.subarray(i * size, (i + 1) * size),
    isWrong: predicted[i] !== batch.labels[i] && finite[i] === 1,
  });
  yield { ...call, ...take(seen) };
}

interface PackedBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly targets: Int32Array;
}

function pack(climbs: readonly Climber[]): PackedBatch {
  const size = climbs[0]?.image.length ?? 0;
  const images = new Float32Array(climbs.length * size);
  for (const [i, { image }] of climbs.entries()) images.set(image, i * size);
  return {
    images,
    labels: Int32Array.from(climbs, ({ label }) => label),
    targets: Int32Array.from(climbs, ({ target }) => target),
  };
}

function evaluateOnce({ images, labels, targets }: PackedBatch, { inference, loss }: Ascent) {
  let losses: Float32Array = new Float32Array(0);
  const { logits, gradient } = inference.inputGradient(images, (outputs) => {
    const evaluated = apgdLoss(loss, outputs, { labels, targets, classes: inference.classes });
    losses = evaluated.values;
    return evaluated.gradient;
  });
  return { logits, losses, gradient };
}

function rounded({ norm, epsilon, bounds }: ThreatModel): ThreatModel {
  return { norm, epsilon: Math.fround(epsilon), bounds: [Math.fround(bounds[0]), Math.fround(bounds[1])] };
}
