/** The walk of the Brendel & Bethge attack: every sample's image, the boundary's normal there, and the nearest image so far. */
import type { AttackBatch, EngineCall } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import type { BoundaryStarts } from "./boundary-start.js";
import { clipPixel } from "./clip-pixel.js";
import type { Margins } from "./margins.js";
import type { NearestImages } from "./nearest-images.js";
import { differenceLength } from "./perturbation.js";
import { SumTrustRegion } from "./sum-trust-region.js";
import { firstGuess, type StepSolver, TrustRegion } from "./trust-region-step.js";

/** What the normal keeps of the last step's. */
const MOMENTUM = 0.8;

/** How much of the logits' lead a step wants to take away where the image is right: it ends beyond the boundary. */
const OVERSHOOT = 1.1;

/** And how much of it a step gives back where the image is wrong: it ends before the boundary. */
const UNDERSHOOT = 0.9;

/** Problems solved between two chances to see a signal. */
const SOLVED_AT_ONCE = 64;

const { fround } = Math;

export class BoundaryWalk implements NearestImages {
  /** The nearest misclassified images so far. */
  readonly images: Float32Array;
  readonly norms: Float64Array;
  /** Where each sample is. */
  readonly iterates: Float32Array;
  readonly #batch: AttackBatch;
  readonly #rows: BatchRows;
  readonly #normals: Float32Array;
  readonly #guesses = new Map<number, ReturnType<typeof firstGuess>>();
  readonly #region: StepSolver;
  readonly #delta: Float32Array;

  constructor(batch: AttackBatch, { images, found }: BoundaryStarts) {
    this.#batch = batch;
    this.#rows = new BatchRows(batch);
    this.images = images.slice();
    this.iterates = images.slice();
    this.#normals = new Float32Array(images.length);
    const { norm } = batch.threat;
    this.#region = norm === "linf" ? new TrustRegion(this.#rows.size) : new SumTrustRegion(this.#rows.size, norm);
    this.#delta = new Float32Array(this.#rows.size);
    this.norms = Float64Array.from(found, (flag, sample) =>
      flag === 1 ? this.#distance(sample) : Number.POSITIVE_INFINITY,
    );
  }

  /** Samples that go on, ascending: those with a start, and nothing found yet within `enough` (null: those with any distance). */
  unfinished(enough: number | null): number[] {
    return this.#rows.all.filter((sample) => {
      const norm = this.norms[sample] as number;
      return norm > (enough ?? 0) && norm < Number.POSITIVE_INFINITY;
    });
  }

  /** Remembers each misclassified iterate that is nearer than the last. */
  remember(active: readonly number[], { wrong }: Margins): void {
    for (const [row, sample] of active.entries()) {
      const distance = wrong[row] === 1 ? this.#distance(sample) : Number.POSITIVE_INFINITY;
      if (!(distance < (this.norms[sample] as number))) continue;
      this.norms[sample] = distance;
      this.#rows.of(this.images, sample).set(this.#rows.of(this.iterates, sample));
    }
  }

  /** Mixes the gradients of the margins [active, ...] into the normals; the first step takes them as they are. */
  turn(active: readonly number[], gradient: Float32Array, isFirst: boolean): void {
    for (const [row, sample] of active.entries()) {
      const fresh = this.#rows.of(gradient, row);
      const normal = this.#rows.of(this.#normals, sample);
      if (isFirst) normal.set(fresh);
      else for (let i = 0; i < normal.length; i++) normal[i] = mixed(normal[i] as number, fresh[i] as number);
    }
  }

  /** One step of each active sample inside a trust region of L2 radius `radius`. A margin that is no number lets a sample stay. */
  *advance(active: readonly number[], margins: Margins, radius: number): Generator<EngineCall, void> {
    for (const [row, sample] of active.entries()) {
      if (row % SOLVED_AT_ONCE === SOLVED_AT_ONCE - 1) yield { forwards: 0, gradients: 0 };
      const margin = margins.values[row] as number;
      if (!Number.isNaN(margin)) this.#step(sample, margin > 0 ? -OVERSHOOT * margin : -UNDERSHOOT * margin, radius);
    }
  }

  #step(sample: number, change: number, radius: number): void {
    const { bounds } = this.#batch.threat;
    const image = this.#rows.of(this.iterates, sample);
    const guess = this.#guesses.get(sample) ?? firstGuess();
    this.#guesses.set(sample, guess);
    const origin = this.#rows.of(this.#batch.images, sample);
    const normal = this.#rows.of(this.#normals, sample);
    this.#region.solve(this.#delta, { origin, image, normal, bounds, change, radius }, guess);
    for (let i = 0; i < image.length; i++) {
      image[i] = clipPixel(fround((image[i] as number) + (this.#delta[i] as number)), bounds);
    }
  }

  #distance(sample: number): number {
    const image = this.#rows.of(this.iterates, sample);
    const origin = this.#rows.of(this.#batch.images, sample);
    return differenceLength(image, origin, this.#batch.threat.norm);
  }
}

function mixed(old: number, fresh: number): number {
  return fround(fround((1 - MOMENTUM) * fresh) + fround(MOMENTUM * old));
}
