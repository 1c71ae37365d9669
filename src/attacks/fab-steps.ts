/** The iterates of FAB: projections onto the linearised boundary, and steps back towards the image (Croce & Hein 2020, algorithm 1). */
import type { AttackBatch, BallNorm } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { clipPixel } from "./clip-pixel.js";
import { displaceOntoPlane, lengthOf } from "./hyperplane-projection.js";
import type { Margins } from "./margins.js";
import type { NearestImages } from "./nearest-images.js";
import type { Planes } from "./nearest-plane.js";

/** The largest weight of the way that starts at the clean image. */
const LARGEST_ALPHA = 0.1;

/** Both ways go this much beyond the plane. */
const OVERSHOOT = 1.05;

/** What an adversarial iterate keeps of its perturbation. */
const BACKWARD = 0.9;

/** The shortest way that counts in the quotient of both. */
const SHORTEST = 1e-8;

const { fround } = Math;

export class FabSteps {
  /** The iterates [batch, height, width, channel]. */
  readonly images: Float32Array;
  readonly #batch: AttackBatch;
  readonly #norm: BallNorm;
  readonly #rows: BatchRows;
  readonly #found: Float32Array;
  readonly #norms: Float64Array;
  readonly #ways: readonly [Float64Array, Float64Array];

  /** `clean` are the margins of the batch itself: only what is classified rightly is attacked. */
  constructor(
    batch: AttackBatch,
    { start, norm, clean }: { readonly start: Float32Array; readonly norm: BallNorm; readonly clean: Margins },
  ) {
    this.images = start;
    this.#batch = batch;
    this.#norm = norm;
    this.#rows = new BatchRows(batch);
    this.#found = batch.images.slice();
    this.#norms = clean.values.map((_, i) => (clean.wrong[i] === 1 ? 0 : Number.POSITIVE_INFINITY));
    const size = batch.images.length / batch.labels.length;
    this.#ways = [new Float64Array(size), new Float64Array(size)];
  }

  /** Samples still to be attacked, ascending: those with no perturbation of at most `enough`. */
  unfinished(enough: number | null): number[] {
    return this.#rows.all.filter((sample) => (this.#norms[sample] as number) > (enough ?? 0));
  }

  /** Moves each active iterate across its plane: between its own way there and that of the clean image, the longer its own the nearer to the latter. */
  project(active: readonly number[], { normals, differences }: Planes): void {
    for (const [row, sample] of active.entries()) {
      const image = this.#rows.of(this.images, sample);
      const origin = this.#rows.of(this.#batch.images, sample);
      const normal = this.#rows.of(normals, row);
      const difference = differences[row] as number;
      const [own, direct] = this.#ways;
      const problem = { normal, norm: this.#norm, bounds: this.#batch.threat.bounds };
      displaceOntoPlane(own, { ...problem, point: image, excess: difference });
      // The plane goes through neither point; what it lacks at the origin follows from the way between them.
      displaceOntoPlane(direct, { ...problem, point: origin, excess: difference + between(normal, image, origin) });
      this.#combine(image, origin);
    }
  }

  #combine(image: Float32Array, origin: Float32Array): void {
    const [own, direct] = this.#ways;
    const { bounds } = this.#batch.threat;
    const ownLength = Math.max(lengthOf(own, this.#norm), SHORTEST);
    const directLength = Math.max(lengthOf(direct, this.#norm), SHORTEST);
    const alpha = Math.min(ownLength / (ownLength + directLength), LARGEST_ALPHA);
    for (let i = 0; i < image.length; i++) {
      const onItsOwn = (image[i] as number) + OVERSHOOT * (own[i] as number);
      const fromOrigin = (origin[i] as number) + OVERSHOOT * (direct[i] as number);
      image[i] = clipPixel(fround((1 - alpha) * onItsOwn + alpha * fromOrigin), bounds);
    }
  }

  /** Remembers each adversarial iterate that is nearer than the last, and takes every one a step back. */
  judge(active: readonly number[], { wrong }: Margins): void {
    for (const [row, sample] of active.entries()) {
      if (wrong[row] === 0) continue;
      const image = this.#rows.of(this.images, sample);
      const origin = this.#rows.of(this.#batch.images, sample);
      const norm = this.#distance(image, origin);
      if (norm < (this.#norms[sample] as number)) {
        this.#norms[sample] = norm;
        this.#rows.of(this.#found, sample).set(image);
      }
      for (let i = 0; i < image.length; i++) {
        image[i] = (origin[i] as number) + BACKWARD * fround((image[i] as number) - (origin[i] as number));
      }
    }
  }

  /** Length of the difference, each pixel's and the whole rounded to float32, as it will be compared. */
  #distance(image: Float32Array, origin: Float32Array): number {
    const difference = this.#ways[0];
    for (let i = 0; i < image.length; i++) difference[i] = fround((image[i] as number) - (origin[i] as number));
    return fround(lengthOf(difference, this.#norm));
  }

  /** What was found; longer perturbations than `enough` are not returned. */
  nearest(enough: number | null): NearestImages {
    for (const sample of enough === null ? [] : this.unfinished(enough)) {
      this.#rows.of(this.#found, sample).set(this.#rows.of(this.#batch.images, sample));
    }
    return { images: this.#found, norms: this.#norms };
  }
}

/** normal · (origin - image), in double. */
function between(normal: Float32Array, image: Float32Array, origin: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < normal.length; i++) {
    sum += (normal[i] as number) * ((origin[i] as number) - (image[i] as number));
  }
  return sum;
}
