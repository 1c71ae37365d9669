/** Where a run of FAB starts: at the image, or beside it. */
import { stream } from "../core/rng.js";
import { type AttackBatch, type BallNorm, type Passes, passOf } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { clipPixel } from "./clip-pixel.js";
import { lengthOf } from "./hyperplane-projection.js";

export interface FabStart {
  readonly norm: BallNorm;
  /** Counts from 1 and names the random draws. */
  readonly pass: Passes;
  /** Of every so many passes the first starts at the images. */
  readonly restarts: number;
}

/** The images, or points half a radius away: Linf in a uniform direction of the cube, L2 and L1 in that of normals; clipped to the bounds. */
export function fabStart(batch: AttackBatch, { norm, pass, restarts }: FabStart): Float32Array {
  const start = batch.images.slice();
  const { threat, seed, indices } = batch;
  const rows = new BatchRows(batch);
  for (const sample of rows.all) {
    const own = passOf(pass, sample);
    if ((own - 1) % restarts === 0) continue;
    const draws = stream(seed, "fab", own, indices[sample] ?? 0);
    const image = rows.of(start, sample);
    const direction = Float64Array.from(image, () => (norm === "linf" ? 2 * draws.uniform() - 1 : draws.normal()));
    const scale = (0.5 * threat.epsilon) / lengthOf(direction, norm);
    for (const [i, value] of direction.entries())
      image[i] = clipPixel(Math.fround((image[i] as number) + scale * value), threat.bounds);
  }
  return start;
}
