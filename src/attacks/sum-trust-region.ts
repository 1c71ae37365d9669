/** One step along the decision boundary where the length is a sum over pixels, L2 or L1 (Brendel et al. 2019, equation 3). */
import { displaceOntoPlane } from "./hyperplane-projection.js";
import { MinimumNorm } from "./minimum-norm.js";
import type { StepGuess, StepProblem, StepSolver } from "./trust-region-step.js";

export type SumNorm = "l2" | "l1";

/**
 * With multipliers for b · delta = c and for |delta|₂ <= r the best step is known pixel by pixel. In L2 it is t h + m b, h being the step
 * that leads to the clean image; in L1 it is m b drawn towards h by t, and h where that is near. Both are cut to the bounds. For a
 * t there is one m, and |delta| only grows with t, so both are found by a search. Arithmetic in double.
 */
export class SumTrustRegion implements StepSolver {
  readonly #norm: SumNorm;
  readonly #shortest: MinimumNorm;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #home: Float64Array;
  readonly #normal: Float64Array;
  readonly #direct: Float64Array;
  /** Of the last evaluation: b · delta, its slope in m, |delta|². */
  #effect = 0;
  #slope = 0;
  #squares = 0;

  constructor(size: number, norm: SumNorm) {
    this.#norm = norm;
    this.#shortest = new MinimumNorm(size);
    this.#low = new Float64Array(size);
    this.#high = new Float64Array(size);
    this.#home = new Float64Array(size);
    this.#normal = new Float64Array(size);
    this.#direct = new Float64Array(size);
  }

  /**
   * Writes the delta that minimises |z + delta - x| subject to b · delta = c, |delta|₂ <= r and z + delta inside the bounds; where there is
   * none, the step of `TrustRegion`.
   */
  solve(delta: Float32Array, problem: StepProblem, guess: StepGuess): void {
    const { change, radius, bounds } = problem;
    const range = bounds[1] - bounds[0];
    this.#shortest.pose(problem);
    const isReachable = this.#shortest.smallestReach(change) !== null;
    const wanted = { change, radius, guess: guess.multiplier };
    const multiplier = isReachable ? this.#shortest.multiplier(range, wanted) : null;
    if (multiplier === null) {
      this.#shortest.write(delta, range, this.#shortest.boundedBy(radius, Math.sign(change)));
      return;
    }
    guess.multiplier = multiplier;
    this.#pose(problem);
    if (this.#norm === "l1" && this.#leapInto(delta, problem)) return;
    this.#write(delta, this.#furthest(change, { m: multiplier, longest: radius * radius }));
  }

  #pose({ origin, image, normal, bounds }: StepProblem): void {
    for (let i = 0; i < this.#home.length; i++) {
      const z = image[i] as number;
      this.#low[i] = bounds[0] - z;
      this.#high[i] = bounds[1] - z;
      this.#home[i] = (origin[i] as number) - z;
      this.#normal[i] = normal[i] as number;
    }
  }

  /** In L1 without regard to r: home, and from there across the plane. Whether that is short enough, and then it is written. */
  #leapInto(delta: Float32Array, { origin, normal, bounds, change, radius }: StepProblem): boolean {
    const [home, direct] = [this.#home, this.#direct];
    let excess = -change;
    for (let i = 0; i < home.length; i++) excess += (this.#normal[i] as number) * (home[i] as number);
    displaceOntoPlane(direct, { point: origin, normal, excess, norm: "l1", bounds });
    let squares = 0;
    for (let i = 0; i < home.length; i++) squares += ((home[i] as number) + (direct[i] as number)) ** 2;
    if (!(squares <= radius * radius)) return false;
    for (let i = 0; i < home.length; i++) delta[i] = (home[i] as number) + (direct[i] as number);
    return true;
  }

  /** The multipliers with the largest t whose step is not longer than allowed; at t = 0 it is not. */
  #furthest(change: number, { m, longest }: { readonly m: number; readonly longest: number }): Multipliers {
    let near: Multipliers = { t: 0, m };
    let far = this.#tooFar(change, near, longest);
    if (far === null) return this.#settled({ t: 1, m }, change);
    this.#settled(near, change);
    let [below, above] = [this.#squares - longest, 0];
    this.#settled(far, change);
    above = this.#squares - longest;
    for (let round = 0; round < MOST_ROUNDS && below < -PRECISE * longest; round++) {
      const t = this.#between({ t: near.t, excess: below }, { t: far.t, excess: above });
      if (!(t > near.t && t < far.t)) break;
      const found = this.#settled({ t, m: near.m }, change);
      const excess = this.#squares - longest;
      // The side that stays counts half: else false position creeps up from one side.
      if (excess <= 0) [near, below, above] = [found, excess, above / 2];
      else [far, above, below] = [found, excess, below / 2];
    }
    return near;
  }

  /** Multipliers whose step is too long; null in L2 where none is. */
  #tooFar(change: number, { m }: Multipliers, longest: number): Multipliers | null {
    let t = this.#norm === "l2" ? 1 : Math.sqrt(longest / this.#home.length);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const found = this.#settled({ t, m }, change);
      if (this.#squares > longest) return found;
      if (this.#norm === "l2") return null;
      t *= 4;
    }
    return this.#settled({ t, m }, change);
  }

  /** Where a line through both meets 0: in t for L1, in t² for L2, where |delta|² is nearly linear. */
  #between(
    one: { readonly t: number; readonly excess: number },
    other: { readonly t: number; readonly excess: number },
  ) {
    const of = (t: number) => (this.#norm === "l2" ? t * t : t);
    const place = of(one.t) + ((of(other.t) - of(one.t)) * -one.excess) / (other.excess - one.excess);
    return this.#norm === "l2" ? Math.sqrt(place) : place;
  }

  /** The m of a t with b · delta = `change`: Newton's method on a function that is linear piece by piece, inside a bracket. */
  #settled({ t, m }: Multipliers, change: number): Multipliers {
    let [tooSmall, tooLarge] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    let at = m;
    let leap = Math.max(Math.abs(m), 1e-6);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.#evaluate(t, at);
      const lacking = change - this.#effect;
      if (Math.abs(lacking) <= 1e-6 * Math.abs(change) + 1e-12) break;
      if (lacking > 0) tooSmall = at;
      else tooLarge = at;
      let next = at + lacking / this.#slope;
      if (!(next > tooSmall && next < tooLarge)) next = (tooSmall + tooLarge) / 2;
      if (!Number.isFinite(next)) {
        next = at + Math.sign(lacking) * leap;
        leap *= 2;
      }
      if (next === at) break;
      at = next;
    }
    return { t, m: at };
  }

  #evaluate(t: number, m: number): void {
    const [lows, highs, normals] = [this.#low, this.#high, this.#normal];
    let [effect, slope, squares] = [0, 0, 0];
    for (let i = 0; i < normals.length; i++) {
      const b = normals[i] as number;
      const free = this.#free(i, t, m);
      const low = lows[i] as number;
      const high = highs[i] as number;
      let step = free;
      if (step < low) step = low;
      else if (step > high) step = high;
      else if (this.#norm === "l2" || free !== this.#home[i]) slope += b * b;
      effect += b * step;
      squares += step * step;
    }
    this.#effect = effect;
    this.#slope = slope;
    this.#squares = squares;
  }

  /** A pixel's step before it is cut to the bounds. */
  #free(i: number, t: number, m: number): number {
    const home = this.#home[i] as number;
    const along = m * (this.#normal[i] as number);
    if (this.#norm === "l2") return t * home + along;
    const beyond = along - home;
    if (beyond > t) return along - t;
    return beyond < -t ? along + t : home;
  }

  #write(delta: Float32Array, { t, m }: Multipliers): void {
    for (let i = 0; i < delta.length; i++) {
      delta[i] = Math.min(this.#high[i] as number, Math.max(this.#low[i] as number, this.#free(i, t, m)));
    }
  }
}

interface Multipliers {
  readonly t: number;
  readonly m: number;
}

/** Of a search; a handful is enough. */
const MOST_ROUNDS = 100;

/** A step whose squares fall short of those allowed by this part is long enough. */
const PRECISE = 1e-3;
