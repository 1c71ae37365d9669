/** One sample's way through Auto-PGD in the L1 ball (Croce & Hein 2021, algorithm 1): steps along the steepest pixels, ever fewer. */
import type { Climber, Evaluated } from "./apgd-climb.js";
import type { ThreatModel } from "./attack.js";
import { projectOntoL1 } from "./l1-projection.js";

/** Share of the pixels that the first steps move. */
const FIRST_SHARE = 0.2;

/** A step moves this much fewer pixels than the best image differs in. */
const SPARSER = 1.5;

/** The best image has become sparser when it differs in fewer pixels than this share of those before. */
const FEWER = Math.fround(0.95);

/** By how much a step is shortened, and the part of the radius that it never falls below. */
const SHORTER = 1.5;
const SHORTEST = 10;

const { fround } = Math;

export class SparseClimb implements Climber {
  readonly image: Float32Array;
  bestLoss = Number.NaN;
  adversarial: Float32Array | null = null;
  readonly label: number;
  readonly target: number;
  readonly #origin: Float32Array;
  readonly #best: Float32Array;
  #gradient: Float32Array;
  readonly #bestGradient: Float32Array;
  readonly #sorted: Float32Array;
  #hasRisen = false;
  #radius = 0;
  #stepSize = 0;
  /** Of the pixels, those that a step moves. */
  #share: number;
  /** Pixels in which the best image differed at the last check. */
  #support: number;

  /** From `start` around `origin`. `isBegun`: the start is the best image of a larger ball, and says how sparse steps are. */
  constructor(
    origin: Float32Array,
    start: Float32Array,
    facts: { readonly label: number; readonly target: number; readonly isBegun: boolean },
  ) {
    this.label = facts.label;
    this.target = facts.target;
    this.#origin = origin;
    this.image = start.slice();
    this.#best = start.slice();
    this.#gradient = new Float32Array(start.length);
    this.#bestGradient = new Float32Array(start.length);
    this.#sorted = new Float32Array(start.length);
    this.#support = facts.isBegun ? this.#countDifferent() : start.length;
    this.#share = facts.isBegun ? this.#sparserShare() : fround(FIRST_SHARE);
  }

  /** The iterate of `bestLoss`. */
  get best(): Float32Array {
    return this.#best;
  }

  get isStuck(): boolean {
    return this.adversarial === null && !this.#hasRisen;
  }

  begin({ loss, gradient, isWrong }: Evaluated, epsilon: number): boolean {
    this.#radius = epsilon;
    this.#stepSize = epsilon;
    this.#keepBest(loss, gradient);
    this.#gradient = gradient;
    if (isWrong) this.adversarial = this.image.slice();
    const isFlat = !isWrong && gradient.every((slope) => slope === 0);
    this.#hasRisen = isFlat;
    return isFlat;
  }

  /** Moves the steepest pixels by the same length, together as long as the step, then back into ball and bounds. */
  step({ epsilon, bounds }: ThreatModel): void {
    const { image } = this;
    const gradient = this.#gradient;
    const least = this.#leastSlope();
    const isMoved = (slope: number) => slope !== 0 && Math.abs(slope) >= least;
    let moved = 0;
    for (let i = 0; i < gradient.length; i++) if (isMoved(gradient[i] as number)) moved++;
    const length = moved === 0 ? 0 : fround(this.#stepSize / moved);
    for (let i = 0; i < image.length; i++) {
      const slope = gradient[i] as number;
      if (isMoved(slope)) image[i] = (image[i] as number) + (slope < 0 ? -length : length);
    }
    projectOntoL1(image, { origin: this.#origin, epsilon, bounds });
  }

  see({ loss, gradient, isWrong }: Evaluated): void {
    if (isWrong) this.adversarial = this.image.slice();
    this.#gradient = gradient;
    if (!(loss > this.bestLoss)) return;
    this.#keepBest(loss, gradient);
    this.#hasRisen = true;
  }

  /** Where the best image has become sparser, goes on from it with steps as long as the radius; elsewhere with shorter ones. */
  check(): void {
    const before = this.#support;
    this.#support = this.#countDifferent();
    this.#share = this.#sparserShare();
    const isSparser = fround(this.#support / before) < FEWER;
    const length = isSparser ? this.#radius : this.#stepSize / SHORTER;
    this.#stepSize = Math.min(Math.max(fround(length), this.#radius / SHORTEST), this.#radius);
    if (!isSparser) return;
    this.image.set(this.#best);
    this.#gradient = this.#bestGradient;
  }

  /** The size of the last slope that belongs to the share that moves; not a number where too many slopes are none. */
  #leastSlope(): number {
    const size = this.#sorted.length;
    for (let i = 0; i < size; i++) this.#sorted[i] = Math.abs(this.#gradient[i] as number);
    this.#sorted.sort();
    const place = Math.trunc(fround(fround(1 - this.#share) * size));
    return this.#sorted[Math.min(Math.max(place, 0), size - 1)] as number;
  }

  #sparserShare(): number {
    return fround(fround(this.#support / this.#origin.length) / SPARSER);
  }

  #countDifferent(): number {
    return this.#best.reduce((count, pixel, i) => count + (pixel === this.#origin[i] ? 0 : 1), 0);
  }

  #keepBest(loss: number, gradient: Float32Array): void {
    this.bestLoss = loss;
    this.#best.set(this.image);
    this.#bestGradient.set(gradient);
  }
}
