/** Whether an attack's images are what they claim to be: every success is checked on the images themselves. */
import type { Labels } from "../losses/loss.js";
import { finiteRows, predictions } from "../losses/predictions.js";
import type { ThreatModel } from "./attack.js";

export interface Verdicts {
  /** 1 where the label changed, the image lies in the ball and the bounds, and the logits are finite. */
  readonly fooled: Uint8Array;
  /** Samples whose image lies outside the ball or the bounds, which a right attack never returns. */
  readonly violations: number;
  /** Samples with logits that are not finite: never a success. */
  readonly nonFinite: number;
}

/** Absolute for Linf and bounds, relative for the others: float32 sums may exceed the radius by that much. */
const TOLERANCE = 1e-6;
const RELATIVE_TOLERANCE = 1e-5;

/** Images that an attack returned, the clean ones that they were made from, and what the network under test says of them. */
export interface Claims {
  readonly images: Float32Array;
  readonly origin: Float32Array;
  readonly logits: Float32Array;
  readonly labels: Labels;
}

/** Judges images [batch, height, width, channel] by their own logits [batch, classes] from a plain forward pass. */
export function verify(options: Claims & { readonly threat: ThreatModel }): Verdicts {
  const { images, origin, logits, labels, threat } = options;
  const classes = logits.length / labels.length;
  const size = images.length / labels.length;
  const predicted = predictions(logits, classes);
  const finite = finiteRows(logits, classes);
  const inside = Uint8Array.from(labels, (_, i) => (isInside(images, origin, i * size, size, threat) ? 1 : 0));
  const fooled = Uint8Array.from(
    labels,
    (label, i) => (predicted[i] !== label ? 1 : 0) & (finite[i] ?? 0) & (inside[i] ?? 0),
  );
  return { fooled, violations: countZeros(inside), nonFinite: countZeros(finite) };
}

function isInside(
  images: Float32Array,
  origin: Float32Array,
  from: number,
  size: number,
  { norm, epsilon, bounds }: ThreatModel,
): boolean {
  let largest = 0;
  let squares = 0;
  let sum = 0;
  for (let i = from; i < from + size; i++) {
    const pixel = images[i] as number;
    // Written so that a pixel that is not a number is outside.
    if (!(pixel >= bounds[0] - TOLERANCE && pixel <= bounds[1] + TOLERANCE)) return false;
    const distance = Math.abs(pixel - (origin[i] as number));
    largest = Math.max(largest, distance);
    squares += distance * distance;
    sum += distance;
  }
  if (norm === "linf") return largest <= epsilon + TOLERANCE;
  return (norm === "l2" ? Math.sqrt(squares) : sum) <= epsilon * (1 + RELATIVE_TOLERANCE) + TOLERANCE;
}

function countZeros(flags: Uint8Array): number {
  return flags.reduce((zeros, flag) => zeros + (flag === 0 ? 1 : 0), 0);
}
