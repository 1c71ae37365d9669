/** The shortest step with a wanted effect inside a box around the clean image: the inner problem of the Brendel & Bethge attack. */

export interface BoxProblem {
  /** The clean image x. */
  readonly origin: Float32Array;
  /** Where the attack is, z, inside the bounds. */
  readonly image: Float32Array;
  /** b, the boundary's normal. */
  readonly normal: Float32Array;
  readonly bounds: readonly [number, number];
}

/**
 * Steps have the form delta = clamp(m b, box) with one multiplier m, and b · delta only grows with m. Everything is kept for |b|: where
 * b is negative the axis is turned round. Arithmetic in double; arrays are used again for each problem.
 */
export class MinimumNorm {
  readonly #sign: Float64Array;
  readonly #weight: Float64Array;
  /** Least and greatest step of each pixel inside the bounds, and the step that leads to the clean image. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #home: Float64Array;
  /** Of the last evaluation: b · delta, its slope in m, |delta|². */
  #effect = 0;
  #slope = 0;
  #squares = 0;

  constructor(readonly size: number) {
    this.#sign = new Float64Array(size);
    this.#weight = new Float64Array(size);
    this.#low = new Float64Array(size);
    this.#high = new Float64Array(size);
    this.#home = new Float64Array(size);
  }

  pose({ origin, image, normal, bounds }: BoxProblem): void {
    for (let i = 0; i < this.size; i++) {
      const b = normal[i] as number;
      const z = image[i] as number;
      const isTurned = b < 0;
      this.#sign[i] = isTurned ? -1 : 1;
      this.#weight[i] = isTurned ? -b : b;
      this.#low[i] = isTurned ? z - bounds[1] : bounds[0] - z;
      this.#high[i] = isTurned ? z - bounds[0] : bounds[1] - z;
      this.#home[i] = isTurned ? z - (origin[i] as number) : (origin[i] as number) - z;
    }
  }

  /**
   * The multiplier of the shortest step with b · delta = `change` that leads to a point within `distance` of the clean image and the
   * bounds, or null where it is longer than `radius` in L2. There must be one: `smallestReach`. The search begins at `guess`.
   */
  multiplier(distance: number, wanted: { readonly change: number; readonly radius: number; readonly guess: number }) {
    const { change, radius, guess } = wanted;
    const found = this.#solve(distance, { change, guess, longest: radius * radius });
    return this.#squares <= radius * radius ? found : null;
  }

  /** The smallest distance at which some step in the box has b · delta = `change`, or null where no step inside the bounds has it. */
  smallestReach(change: number): number | null {
    // At 0 there is one step, home. From there one end of the effects grows with the distance, concave and piecewise linear, so
    // Newton's method goes up to the solution, piece by piece.
    const isUp = change > this.#homeEffect();
    const limits = isUp ? this.#high : this.#low;
    for (let distance = 0; ; ) {
      let [lacking, slope] = [isUp ? change : -change, 0];
      for (let i = 0; i < this.size; i++) {
        const weight = this.#weight[i] as number;
        const limit = isUp ? (limits[i] as number) : -(limits[i] as number);
        const furthest = (isUp ? (this.#home[i] as number) : -(this.#home[i] as number)) + distance;
        if (furthest < limit) slope += weight;
        lacking -= weight * Math.min(furthest, limit);
      }
      if (lacking <= 0) return distance;
      const next = distance + lacking / slope;
      if (!(next > distance)) return distance;
      if (next === Number.POSITIVE_INFINITY) return null;
      distance = next;
    }
  }

  #homeEffect(): number {
    let effect = 0;
    for (let i = 0; i < this.size; i++) effect += (this.#weight[i] as number) * (this.#home[i] as number);
    return effect;
  }

  /** The multiplier of the step of length `radius` (shorter only in a corner of the bounds) that goes up (1) or down (-1) along b. */
  boundedBy(radius: number, direction: number): number {
    const limits = direction > 0 ? this.#high : this.#low;
    // |delta|² is concave and piecewise linear in m²: Newton's method from 0 goes up to the solution, piece by piece.
    for (let m = 0; ; ) {
      let [left, slope] = [radius * radius, 0];
      for (let i = 0; i < this.size; i++) {
        const weight = this.#weight[i] as number;
        const limit = Math.abs(limits[i] as number);
        if (limit <= m * weight) left -= limit * limit;
        else slope += weight * weight;
      }
      const next = slope > 0 ? Math.sqrt(left / slope) : m;
      if (!(next > m)) return direction * m;
      m = next;
    }
  }

  /** The step of a multiplier inside the box of a distance, rounded to float32. */
  write(delta: Float32Array, distance: number, multiplier: number): void {
    for (let i = 0; i < this.size; i++) {
      const home = this.#home[i] as number;
      const least = Math.max(this.#low[i] as number, home - distance);
      const most = Math.min(this.#high[i] as number, home + distance);
      const step = Math.min(most, Math.max(least, multiplier * (this.#weight[i] as number)));
      delta[i] = (this.#sign[i] as number) * step;
    }
  }

  /**
   * Newton's method on the piecewise linear effect, between the multipliers known to be too small and too large. Gives up where
   * the step is longer than allowed and the solution lies further from 0: it would be longer still.
   */
  #solve(
    distance: number,
    { change, guess, longest }: { readonly change: number; readonly guess: number; readonly longest: number },
  ): number {
    let [tooSmall, tooLarge] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    let m = guess;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.#evaluate(distance, m);
      const lacking = change - this.#effect;
      if (Math.abs(lacking) <= 1e-4 * Math.abs(change) + 1e-10) break;
      if (this.#squares > longest && lacking * m >= 0) break;
      if (lacking > 0) tooSmall = m;
      else tooLarge = m;
      let next = this.#slope > 0 ? m + lacking / this.#slope : this.#nextBend(distance, m, lacking > 0);
      if (!(next > tooSmall && next < tooLarge)) next = (tooSmall + tooLarge) / 2;
      if (!Number.isFinite(next)) break;
      m = next;
    }
    return m;
  }

  #evaluate(distance: number, m: number): void {
    const [weights, lows, highs, homes] = [this.#weight, this.#low, this.#high, this.#home];
    let [effect, slope, squares] = [0, 0, 0];
    for (let i = 0; i < this.size; i++) {
      const weight = weights[i] as number;
      const home = homes[i] as number;
      let low = lows[i] as number;
      let high = highs[i] as number;
      if (home - distance > low) low = home - distance;
      if (home + distance < high) high = home + distance;
      let step = m * weight;
      if (step < low) step = low;
      else if (step > high) step = high;
      else slope += weight * weight;
      effect += weight * step;
      squares += step * step;
    }
    this.#effect = effect;
    this.#slope = slope;
    this.#squares = squares;
  }

  /** Where nothing moves with m: the next m, up or down, at which something does, and a little further. */
  #nextBend(distance: number, m: number, isUp: boolean): number {
    let next = isUp ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.size; i++) {
      const weight = this.#weight[i] as number;
      const home = this.#home[i] as number;
      const bend = isUp
        ? Math.max(this.#low[i] as number, home - distance) / weight
        : Math.min(this.#high[i] as number, home + distance) / weight;
      if (weight > 0 && (isUp ? bend > m && bend < next : bend < m && bend > next)) next = bend;
    }
    return next + (isUp ? 1 : -1) * 1e-12 * Math.abs(next);
  }
}

/** Enough for any bracket of doubles; a handful does. */
const MOST_ROUNDS = 100;
