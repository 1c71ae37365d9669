/**
 * One step of Auto-PGD for one image (Croce & Hein 2020, algorithm 1, lines 7 and 8): a projected step along the gradient,
 * mixed with the last movement, projected again. Each operation on pixels is rounded to float32, as in the published code.
 */
import type { ThreatModel } from "./attack.js";

const { fround } = Math;

/** Added to lengths before a division, so that 0 divided by its length stays 0. */
const TINY = 1e-12;

export interface ApgdStep {
  /** Radius and bounds rounded to float32. */
  readonly threat: ThreatModel;
  readonly origin: Float32Array;
  readonly image: Float32Array;
  readonly previous: Float32Array;
  readonly gradient: Float32Array;
  readonly stepSize: number;
  /** Weight of the step; the rest is the last movement's. */
  readonly weight: number;
}

/** Fills `out`, which may be `previous`, with the image after the step. A gradient that is not finite moves nothing. */
export function apgdStepInto(out: Float32Array, step: ApgdStep): void {
  if (step.threat.norm === "linf") signStep(out, step);
  else normStep(out, step);
}

function signStep(out: Float32Array, { threat, origin, image, previous, gradient, stepSize, weight }: ApgdStep): void {
  const { epsilon } = threat;
  const [lowest, highest] = threat.bounds;
  const rest = fround(1 - weight);
  for (let i = 0; i < out.length; i++) {
    const x = origin[i] as number;
    const z = image[i] as number;
    const g = gradient[i] as number;
    const low = Math.max(fround(x - epsilon), lowest);
    const high = Math.min(fround(x + epsilon), highest);
    // No branches on the pixels: signs are as good as random, and each wrong guess of a branch costs more than all the rest.
    const move = Number.isNaN(g) ? 0 : Math.sign(g) * stepSize;
    const plain = Math.min(Math.max(fround(z + move), low), high);
    const momentum = fround(z - (previous[i] as number));
    const mixed = fround(fround(z + fround(fround(plain - z) * weight)) + fround(momentum * rest));
    out[i] = Math.min(Math.max(mixed, low), high);
  }
}

function normStep(out: Float32Array, { threat, origin, image, previous, gradient, stepSize, weight }: ApgdStep): void {
  const length = fround(lengthOf(gradient) + TINY);
  const canMove = Number.isFinite(length);
  const plain = new Float32Array(out.length);
  for (let i = 0; i < plain.length; i++) {
    const move = canMove ? fround(fround(stepSize * (gradient[i] as number)) / length) : 0;
    plain[i] = fround((image[i] as number) + move);
  }
  project(plain, origin, threat);
  const rest = fround(1 - weight);
  for (let i = 0; i < out.length; i++) {
    const z = image[i] as number;
    const momentum = fround(z - (previous[i] as number));
    out[i] = fround(fround(z + fround(fround((plain[i] as number) - z) * weight)) + fround(momentum * rest));
  }
  project(out, origin, threat);
}

/** Onto the L2 ball around `origin`, then into the bounds. */
function project(image: Float32Array, origin: Float32Array, { epsilon, bounds }: ThreatModel): void {
  for (let i = 0; i < image.length; i++) image[i] = (image[i] as number) - (origin[i] as number);
  const length = fround(lengthOf(image));
  const [divisor, shortened] = [fround(length + TINY), Math.min(epsilon, length)];
  const [lowest, highest] = bounds;
  for (let i = 0; i < image.length; i++) {
    const difference = fround(fround((image[i] as number) / divisor) * shortened);
    image[i] = Math.min(Math.max(fround((origin[i] as number) + difference), lowest), highest);
  }
}

function lengthOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (values[i] as number);
  return Math.sqrt(sum);
}
