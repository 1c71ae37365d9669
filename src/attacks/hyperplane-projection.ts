/** The shortest way from a point to a hyperplane inside the range of pixels (Croce & Hein 2020, section 3.1 and appendix A). */
import type { BallNorm } from "./attack.js";

export interface PlaneProblem {
  /** Inside the bounds. */
  readonly point: Float32Array;
  readonly normal: Float32Array;
  /** normal · point - offset: what the plane's equation lacks at the point. */
  readonly excess: number;
  readonly norm: BallNorm;
  readonly bounds: readonly [number, number];
}

/**
 * Writes the displacement delta of smallest norm with normal · (point + delta) = offset and point + delta inside the bounds; where
 * no point inside them lies on the plane, the way to the corner that comes nearest. All arrays have the point's length; double.
 */
export function displaceOntoPlane(out: Float64Array, problem: PlaneProblem): void {
  const { normal, norm } = problem;
  const excess = Math.abs(problem.excess);
  const sign = problem.excess < 0 ? -1 : 1;
  const slack = out;
  // Asked so that numbers that are none go to the corner: the searches below would not end.
  const isReachable = fillSlack(slack, problem) > excess;
  if (isReachable && norm === "linf") limitAll(slack, linfLevel(slack, normal, excess));
  if (isReachable && norm === "l2") limitByWeight(slack, normal, l2Level(slack, normal, excess));
  if (isReachable && norm === "l1") spendByWeight(slack, normal, excess);
  for (let i = 0; i < out.length; i++) {
    out[i] = (normal[i] as number) * sign > 0 ? -(out[i] as number) : (out[i] as number);
  }
}

/** Length of a displacement. */
export function lengthOf(displacement: Float64Array, norm: BallNorm): number {
  if (norm === "linf") return largestOf(displacement);
  let sum = 0;
  for (let i = 0; i < displacement.length; i++) {
    const value = displacement[i] as number;
    sum += norm === "l2" ? value * value : Math.abs(value);
  }
  return norm === "l2" ? Math.sqrt(sum) : sum;
}

function largestOf(displacement: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < displacement.length; i++) largest = Math.max(largest, Math.abs(displacement[i] as number));
  return largest;
}

/** Weights below this are no direction to move in for L2, as in the published projection. */
const SMALLEST_L2_WEIGHT = 1e-8;

/** How far each pixel can move towards the plane, 0 where its weight is 0; returns how much excess all of it together removes. */
function fillSlack(slack: Float64Array, { point, normal, excess, norm, bounds }: PlaneProblem): number {
  const sign = excess < 0 ? -1 : 1;
  const smallest = norm === "l2" ? SMALLEST_L2_WEIGHT : 0;
  let reach = 0;
  for (let i = 0; i < slack.length; i++) {
    const weight = (normal[i] as number) * sign;
    const pixel = point[i] as number;
    const size = Math.abs(weight);
    const room = weight > 0 ? pixel - bounds[0] : bounds[1] - pixel;
    slack[i] = size > 0 && size >= smallest ? room : 0;
    reach += size * (slack[i] as number);
  }
  return reach;
}

/**
 * The level with sum |w| min(level, slack) = excess. Newton's method from 0: the sum is concave and piecewise linear, so each
 * step stops short of the solution, on a later piece or on the last one, and the first that gets no further has found it.
 */
function linfLevel(slack: Float64Array, normal: Float32Array, excess: number): number {
  for (let level = 0; ; ) {
    let [left, slope] = [excess, 0];
    for (let i = 0; i < slack.length; i++) {
      const weight = Math.abs(normal[i] as number);
      if ((slack[i] as number) <= level) left -= weight * (slack[i] as number);
      else slope += weight;
    }
    if (!(slope > 0 && left / slope > level)) return level;
    level = left / slope;
  }
}

/** The same for sum |w| min(level |w|, slack) = excess. */
function l2Level(slack: Float64Array, normal: Float32Array, excess: number): number {
  for (let level = 0; ; ) {
    let [left, slope] = [excess, 0];
    for (let i = 0; i < slack.length; i++) {
      const weight = Math.abs(normal[i] as number);
      if ((slack[i] as number) <= level * weight) left -= weight * (slack[i] as number);
      else slope += weight * weight;
    }
    if (!(slope > 0 && left / slope > level)) return level;
    level = left / slope;
  }
}

function limitAll(slack: Float64Array, level: number): void {
  for (let i = 0; i < slack.length; i++) slack[i] = Math.min(level, slack[i] as number);
}

function limitByWeight(slack: Float64Array, normal: Float32Array, level: number): void {
  for (let i = 0; i < slack.length; i++) {
    slack[i] = Math.min(level * Math.abs(normal[i] as number), slack[i] as number);
  }
}

/** Each pixel goes to its bound, the heaviest first, until the excess is spent; the last one part of the way. */
function spendByWeight(slack: Float64Array, normal: Float32Array, excess: number): void {
  const order = Uint32Array.from(slack.keys());
  order.sort((i, j) => Math.abs(normal[j] as number) - Math.abs(normal[i] as number) || i - j);
  let left = excess;
  for (const i of order) {
    const weight = Math.abs(normal[i] as number);
    const move = left > 0 ? Math.min(slack[i] as number, left / weight) : 0;
    slack[i] = move;
    left -= weight * move;
  }
}
