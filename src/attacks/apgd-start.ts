/** Where Auto-PGD starts: at a random point of the ball's surface, from a stream per sample, pass and loss. */
import { stream } from "../core/rng.js";
import type { ApgdLoss } from "./apgd-loss.js";
import { type AttackBatch, type Passes, passOf } from "./attack.js";

const { fround } = Math;

/** Added to lengths before a division. */
const TINY = 1e-12;

/** Part of every result: a number once given stays. */
const LOSS_CODES: Readonly<Record<ApgdLoss, number>> = { ce: 0, dlr: 1, "dlr-t": 2, margin: 3 };

/** What a loss is in the names of random streams. */
export function lossCode(loss: ApgdLoss): number {
  return LOSS_CODES[loss];
}

export interface Pass {
  /** Counts from 1 over restarts and targets. */
  readonly pass: Passes;
  readonly loss: ApgdLoss;
}

/**
 * x + epsilon · r / |r|, clipped to the bounds, for each image: r uniform in the cube and |r| its largest entry (Linf), or r
 * normal and |r| its length (L2). So a start reaches the surface before it is clipped, unlike PGD's.
 */
export function apgdStart(batch: AttackBatch, { pass, loss }: Pass): Float32Array {
  const { images, indices, threat, seed } = batch;
  const start = new Float32Array(images.length);
  const size = images.length / indices.length;
  for (const [sample, index] of indices.entries()) {
    const draws = stream(seed, "apgd", passOf(pass, sample), index, lossCode(loss));
    const noise = start.subarray(sample * size, (sample + 1) * size);
    if (threat.norm === "linf") draws.fillUniform(noise, -1, 1);
    else draws.fillNormal(noise, 1);
    moveInto(noise, images.subarray(sample * size, (sample + 1) * size), threat);
  }
  return start;
}

function moveInto(noise: Float32Array, origin: Float32Array, { norm, epsilon, bounds }: AttackBatch["threat"]): void {
  let largest = 0;
  let squares = 0;
  for (let i = 0; i < noise.length; i++) {
    largest = Math.max(largest, Math.abs(noise[i] as number));
    squares += (noise[i] as number) ** 2;
  }
  const length = fround((norm === "linf" ? largest : Math.sqrt(squares)) + TINY);
  const radius = fround(epsilon);
  for (let i = 0; i < noise.length; i++) {
    const moved = fround((origin[i] as number) + fround(fround(radius * (noise[i] as number)) / length));
    noise[i] = Math.min(Math.max(moved, bounds[0]), bounds[1]);
  }
}
