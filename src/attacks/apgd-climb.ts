/** One sample's way through Auto-PGD (Croce & Hein 2020, algorithm 1): its iterates, the best of them, and its step size. */
import { apgdStepInto } from "./apgd-step.js";
import type { ThreatModel } from "./attack.js";

/** Weight of a step against the movement before it; the first step has none before it. */
const MOMENTUM_WEIGHT = 0.75;

/** What an evaluation of the current iterate says of it. */
export interface Evaluated {
  readonly loss: number;
  /** Of the loss with respect to the image; kept until the next evaluation. */
  readonly gradient: Float32Array;
  readonly isWrong: boolean;
}

/** A sample on its way through some form of Auto-PGD. */
export interface Climber {
  /** The current iterate. */
  readonly image: Float32Array;
  /** The last misclassified iterate. */
  readonly adversarial: Float32Array | null;
  readonly label: number;
  /** The class to go to, where the loss has one. */
  readonly target: number;
  /** Still right, and no iterate had a higher loss than the start although that had a gradient. */
  readonly isStuck: boolean;
  /** Takes in the start; returns whether its gradient is exactly 0 although it is classified rightly. */
  begin(seen: Evaluated, epsilon: number): boolean;
  /** Moves along the gradient of the last evaluation. */
  step(threat: ThreatModel): void;
  /** Takes in the iterate after a step. */
  see(seen: Evaluated): void;
  /** Looks back at the `window` steps since the last time. */
  check(window: number, rho: number): void;
}

export class Climb implements Climber {
  image: Float32Array;
  bestLoss = Number.NaN;
  adversarial: Float32Array | null = null;
  readonly label: number;
  readonly target: number;
  readonly #origin: Float32Array;
  #previous: Float32Array;
  readonly #best: Float32Array;
  #gradient: Float32Array;
  readonly #bestGradient: Float32Array;
  /** The loss has risen above the start's, or could not since the start had no gradient. */
  #hasRisen = false;
  #stepSize = 0;
  #weight = 1;
  /** The published code compares the first loss after the start with 0, not with the start's. */
  #lastLoss = 0;
  #rises = 0;
  #bestAtCheck = Number.NaN;
  #wasHalved = true;

  /** From `start` around `origin`. */
  constructor(
    origin: Float32Array,
    start: Float32Array,
    { label, target }: { readonly label: number; readonly target: number },
  ) {
    this.label = label;
    this.target = target;
    this.#origin = origin;
    this.image = start.slice();
    this.#previous = start.slice();
    this.#best = start.slice();
    this.#gradient = new Float32Array(start.length);
    this.#bestGradient = new Float32Array(start.length);
  }

  /** The iterate of `bestLoss`. */
  get best(): Float32Array {
    return this.#best;
  }

  get stepSize(): number {
    return this.#stepSize;
  }

  get isStuck(): boolean {
    return this.adversarial === null && !this.#hasRisen;
  }

  begin({ loss, gradient, isWrong }: Evaluated, epsilon: number): boolean {
    this.#stepSize = 2 * epsilon;
    this.#keepBest(loss, gradient);
    this.#gradient = gradient;
    this.#bestAtCheck = loss;
    if (isWrong) this.adversarial = this.image.slice();
    const isFlat = !isWrong && gradient.every((slope) => slope === 0);
    this.#hasRisen = isFlat;
    return isFlat;
  }

  step(threat: ThreatModel): void {
    const { image } = this;
    const [origin, previous, gradient] = [this.#origin, this.#previous, this.#gradient];
    apgdStepInto(previous, {
      threat,
      origin,
      image,
      previous,
      gradient,
      stepSize: this.#stepSize,
      weight: this.#weight,
    });
    this.image = previous;
    this.#previous = image;
    this.#weight = MOMENTUM_WEIGHT;
  }

  see({ loss, gradient, isWrong }: Evaluated): void {
    if (isWrong) this.adversarial = this.image.slice();
    this.#gradient = gradient;
    if (loss > this.bestLoss) {
      this.#keepBest(loss, gradient);
      this.#hasRisen = true;
    }
    if (loss > this.#lastLoss) this.#rises++;
    this.#lastLoss = loss;
  }

  /**
   * After `window` steps: where the loss rose in too few of them, or the best has not risen since the last check without a
   * halved step, halves the step and goes on from the best iterate. The movement before it stays as it was.
   */
  check(window: number, rho: number): void {
    const oscillates = this.#rises <= rho * window;
    const stalls = !this.#wasHalved && this.#bestAtCheck >= this.bestLoss;
    this.#wasHalved = oscillates || stalls;
    this.#bestAtCheck = this.bestLoss;
    this.#rises = 0;
    if (!this.#wasHalved) return;
    this.#stepSize /= 2;
    this.image.set(this.#best);
    this.#gradient = this.#bestGradient;
  }

  #keepBest(loss: number, gradient: Float32Array): void {
    this.bestLoss = loss;
    this.#best.set(this.image);
    this.#bestGradient.set(gradient);
  }
}
