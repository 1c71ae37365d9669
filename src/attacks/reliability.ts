/** Checks that say when a robust accuracy should not be believed (Carlini et al. 2019; Croce et al. 2020, AutoAttack's flags). */

export interface ReliabilityCheck {
  readonly check: string;
  readonly value: number;
  /** One sentence for people. */
  readonly message: string;
  /** In the outcome of an ensemble: the member that it is about. */
  readonly member?: string;
}

/** How far from 0, 1 and a sum of 1 values may be and still look like probabilities. */
const PROBABILITY_TOLERANCE = 1e-5;

/** Whether logits [batch, classes] are probabilities: a softmax at the end of the network starves gradients. */
export function softmaxCheck(logits: Float32Array, classes: number): ReliabilityCheck[] {
  for (let from = 0; from < logits.length; from += classes) {
    const row = logits.subarray(from, from + classes);
    const sum = row.reduce((total, value) => total + value, 0);
    const inUnit = row.every((value) => value > -PROBABILITY_TOLERANCE && value < 1 + PROBABILITY_TOLERANCE);
    if (!inUnit || !(Math.abs(sum - 1) < PROBABILITY_TOLERANCE)) return [];
  }
  const message = "the outputs are probabilities, not logits: attacks by gradient are weaker than they should be";
  return [{ check: "softmax-output", value: logits.length / classes, message }];
}

/** Counts that are 0 in a sound evaluation; a check each where they are not. */
export function countChecks(counts: {
  readonly zeroGradients: number;
  readonly violations: number;
  readonly nonFinite: number;
  /** Samples whose loss no step raised. */
  readonly stuck: number;
}): ReliabilityCheck[] {
  const { zeroGradients, violations, nonFinite, stuck } = counts;
  return [
    {
      check: "zero-gradient",
      value: zeroGradients,
      message: `${zeroGradients} samples had a loss gradient of exactly 0 at the start: no gradient attack can move them`,
    },
    {
      check: "outside-ball",
      value: violations,
      message: `${violations} perturbed images lay outside the ball or the range of pixels and were not counted`,
    },
    {
      check: "non-finite-logits",
      value: nonFinite,
      message: `${nonFinite} images gave logits that are not finite; none was counted as a success`,
    },
    {
      check: "no-ascent",
      value: stuck,
      message: `${stuck} samples had a gradient, but no step along it raised the loss: the gradients may be obfuscated`,
    },
  ].filter(({ value }) => value > 0);
}

/** Share of the samples by which one step may beat many before it is more than chance. */
const CHANCE = 0.003;

/** One step should not beat many: how many samples more than FGSM in the same ball the attack `many` left right. */
export function weakerThanFgsm({
  many,
  left,
  samples,
}: {
  readonly many: string;
  readonly left: number;
  readonly samples: number;
}): ReliabilityCheck[] {
  if (left <= Math.max(1, CHANCE * samples)) return [];
  const message = `the many steps of ${many} left ${left} more samples right than FGSM's one did: the gradients may be masked`;
  return [{ check: "weaker-than-fgsm", value: left, message }];
}

/** Share of the samples that Square alone may find before it is suspicious, as AutoAttack has it. */
const SQUARE_MARGIN = 0.002;

/** A search without gradients should not beat them: counts of samples that Square fooled and no attack by gradient did. */
export function squareImproves({
  alone,
  samples,
}: {
  readonly alone: number;
  readonly samples: number;
}): ReliabilityCheck[] {
  if (alone <= Math.max(1, SQUARE_MARGIN * samples)) return [];
  const found = `Square, without gradients, fooled ${alone} samples that no attack by gradient did`;
  const message = `${found}: gradients may be masked, or those attacks too weak; try aa, more restarts, or an adaptive attack`;
  return [{ check: "square-improves", value: alone, message }];
}
