/** The nearest point of an L1 ball inside the range of pixels (Croce & Hein 2021, "Mind the Box", section 3.1). */
import type { ThreatModel } from "./attack.js";

/** Where the ball lies: `origin` inside the bounds, `epsilon` a sum of absolute differences. */
export interface L1Ball extends Pick<ThreatModel, "epsilon" | "bounds"> {
  readonly origin: Float32Array;
}

const { fround } = Math;

/**
 * Moves `image` to the point of the ball and the bounds that is nearest to it in L2. Each difference shrinks by one number for all and
 * is cut to what the bounds leave. The number is found in double; pixels are moved in float32 by the operations of the published code:
 * of a pixel that goes all the way back a rounding may be left, and that code counts it as changed.
 */
export function projectOntoL1(image: Float32Array, ball: L1Ball): void {
  const { origin, epsilon } = ball;
  const [low, high] = ball.bounds;
  if (epsilon === 0) {
    image.set(origin);
    return;
  }
  const shrink = fround(shrinkage(image, ball));
  for (let i = 0; i < image.length; i++) {
    const x = origin[i] as number;
    const difference = fround((image[i] as number) - x);
    const size = Math.abs(difference);
    const room = difference < 0 ? x - low : high - x;
    const back = Math.min(Math.max(fround(size - room), shrink), size);
    const moved = fround(fround(x + difference) + (difference < 0 ? back : -back));
    // A pixel that is no number goes back to where it came from.
    image[i] = Number.isNaN(moved) ? x : Math.min(Math.max(moved, low), high);
  }
}

/** Rounds of the search; a handful is enough, each bisects where Newton's step leaves the bracket. */
const MOST_ROUNDS = 100;

/** The least number by which all differences must shrink so that what the bounds leave of them sums to the radius; 0 where it does already. */
function shrinkage(image: Float32Array, { origin, epsilon, bounds }: L1Ball): number {
  let [tooSmall, tooLarge] = [0, 0];
  for (let i = 0; i < image.length; i++) {
    tooLarge = Math.max(tooLarge, Math.abs(fround((image[i] as number) - (origin[i] as number))));
  }
  let shrink = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let [sum, moving] = [0, 0];
    for (let i = 0; i < image.length; i++) {
      const x = origin[i] as number;
      const difference = fround((image[i] as number) - x);
      const left = Math.abs(difference) - shrink;
      if (!(left > 0)) continue;
      const room = difference < 0 ? x - bounds[0] : bounds[1] - x;
      if (left >= room) sum += room;
      else [sum, moving] = [sum + left, moving + 1];
    }
    const excess = sum - epsilon;
    if (round === 0 && excess <= 0) return 0;
    if (Math.abs(excess) <= 1e-12 * epsilon) break;
    if (excess > 0) tooSmall = shrink;
    else tooLarge = shrink;
    let next = shrink + excess / moving;
    if (!(next > tooSmall && next < tooLarge)) next = (tooSmall + tooLarge) / 2;
    if (next === shrink) break;
    shrink = next;
  }
  return shrink;
}
