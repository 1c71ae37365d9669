/** The decision boundary around an image, linearised: differences of two logits and their gradients (Croce & Hein 2020, equation 7). */
import type { Inference } from "../engines/engine.js";
import type { Labels } from "../losses/loss.js";
import type { BallNorm, EngineCall } from "./attack.js";

/** For each row the plane normal · (v - z) + difference = 0 around its image z. */
export interface Planes {
  /** [rows, height, width, channel] */
  readonly normals: Float32Array;
  /** f_other - f_label at the image, [rows]. */
  readonly differences: Float64Array;
}

export interface PlaneSearch {
  readonly inference: Inference;
  /** [rows, height, width, channel] */
  readonly images: Float32Array;
  /** Of each row. */
  readonly labels: Labels;
}

/** The boundary to one class for each row: one gradient. */
export function* targetPlanes(search: PlaneSearch, targets: Int32Array): Generator<EngineCall, Planes> {
  const { inference, images, labels } = search;
  const { classes } = inference;
  const above = new Float32Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++) {
    above[row * classes + (targets[row] as number)] = 1;
    above[row * classes + (labels[row] as number)] = -1;
  }
  const { logits, gradient } = inference.inputGradient(images, () => above);
  yield { forwards: 0, gradients: labels.length };
  const differenceOf = (row: number) =>
    (logits[row * classes + (targets[row] as number)] as number) -
    (logits[row * classes + (labels[row] as number)] as number);
  return { normals: gradient, differences: Float64Array.from(labels, (_, row) => differenceOf(row)) };
}

/**
 * The nearest of the boundaries to all other classes for each row, by |difference| / dual norm of the gradient, the lowest class
 * among equals: a gradient for each.
 */
export function* nearestPlanes(search: PlaneSearch, norm: BallNorm): Generator<EngineCall, Planes> {
  const { inference, images, labels } = search;
  const size = images.length / labels.length;
  const nearest = { normals: new Float32Array(images.length), differences: new Float64Array(labels.length) };
  const distances = new Float64Array(labels.length).fill(Number.POSITIVE_INFINITY);
  for (let other = 0; other < inference.classes - 1; other++) {
    const targets = Int32Array.from(labels, (label) => (other < label ? other : other + 1));
    const { normals, differences } = yield* targetPlanes(search, targets);
    for (let row = 0; row < labels.length; row++) {
      const normal = normals.subarray(row * size, (row + 1) * size);
      const difference = differences[row] as number;
      const distance = Math.abs(difference) / (1e-12 + dualLength(normal, norm));
      if (!(distance < (distances[row] as number))) continue;
      distances[row] = distance;
      nearest.differences[row] = difference;
      nearest.normals.set(normal, row * size);
    }
  }
  return nearest;
}

/** L1 length for Linf, L2 for L2, Linf for L1. */
function dualLength(normal: Float32Array, norm: BallNorm): number {
  let largest = 0;
  let sum = 0;
  for (let i = 0; i < normal.length; i++) {
    const size = Math.abs(normal[i] as number);
    if (norm === "l1") largest = Math.max(largest, size);
    else sum += norm === "l2" ? size * size : size;
  }
  if (norm === "l1") return largest;
  return norm === "l2" ? Math.sqrt(sum) : sum;
}
