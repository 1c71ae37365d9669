/** How large the squares of the Square attack are, and where they may lie. */
import type { BallNorm } from "./attack.js";

/**
 * The fraction of the image that a square covers, p0 over a power of two: halved from the first iteration above each of these
 * (iterations count from 0), then again. Absolute numbers, whatever the queries allowed: so AutoAttack has it, while the
 * stand-alone attack stretches them.
 */
const HALVED_AFTER = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000] as const;

export interface SquareSize {
  readonly norm: BallNorm;
  readonly p0: number;
  readonly height: number;
  readonly width: number;
}

/** Side in pixels of the square of an iteration: at least 1 for Linf; odd and at least 3 for L2 and L1; never more than the image. */
export function squareSide(iteration: number, { norm, p0, height, width }: SquareSize): number {
  const halvings = HALVED_AFTER.filter((last) => iteration > last).length;
  const side = roundHalfToEven(Math.sqrt((p0 / 2 ** halvings) * height * width));
  return Math.min(norm === "linf" ? Math.max(side, 1) : Math.max(side, 3) | 1, height, width);
}

/**
 * Where a square starts along an axis with `room` pixels beside it, by a uniform number in [0, 1). Published results never use the
 * last place: the last row and column keep their initial stripes (`excludeLast`).
 */
export function squarePlace(uniform: number, room: number, excludeLast: boolean): number {
  return Math.floor((excludeLast ? room : room + 1) * uniform);
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const isHalf = value - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(value);
}
