/** Random starts in the ball around each image, from a stream per sample and restart. */
import { type Stream, stream } from "../core/rng.js";
import { type AttackBatch, type Passes, passOf } from "./attack.js";

/**
 * Points drawn uniformly from the ball around each image, clipped to the bounds; `restart` counts from 1. Linf: each pixel
 * moves by U(-epsilon, epsilon). L2: the first D of D + 2 normals divided by the length of all, times epsilon.
 */
export function randomStart(batch: AttackBatch, restart: Passes): Float32Array {
  const { images, indices, threat, seed } = batch;
  const start = new Float32Array(images.length);
  const size = images.length / indices.length;
  for (const [sample, index] of indices.entries()) {
    const draws = stream(seed, "pgd", passOf(restart, sample), index);
    const noise = start.subarray(sample * size, (sample + 1) * size);
    if (threat.norm === "linf") draws.fillUniform(noise, -threat.epsilon, threat.epsilon);
    else fillBall(noise, threat.epsilon, draws);
  }
  const [low, high] = threat.bounds;
  for (let i = 0; i < start.length; i++) {
    start[i] = Math.min(high, Math.max(low, Math.fround((images[i] as number) + (start[i] as number))));
  }
  return start;
}

/** A point uniform in the L2 ball (Harman & Lacko 2010): two more dimensions of a point on the sphere, left out. */
function fillBall(out: Float32Array, radius: number, draws: Stream): void {
  const normals = Float64Array.from({ length: out.length + 2 }, () => draws.normal());
  const length = Math.sqrt(normals.reduce((sum, value) => sum + value * value, 0));
  for (let i = 0; i < out.length; i++) out[i] = (radius * (normals[i] as number)) / length;
}
