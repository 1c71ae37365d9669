/** The Square attack's moves in the Linf ball (Andriushchenko et al. 2020, algorithm 2): vertical stripes, then squares of ±epsilon. */
import { clipPixel } from "./clip-pixel.js";
import { randomSign, type SquareMove, type SquareMoves, type SquareSpace, type Uniforms } from "./square-moves.js";
import { squarePlace, squareSide } from "./square-schedule.js";

export function linfSquares(space: SquareSpace): SquareMoves {
  return {
    start: (candidate, origin, draws) => fillStripes(candidate, { origin, draws, space }),
    propose: (candidate, move) => fillSquare(candidate, { ...move, space }),
  };
}

interface Fill {
  readonly origin: Float32Array;
  readonly draws: Uniforms;
  readonly space: SquareSpace;
}

/** One sign a column and channel, drawn channel by channel. */
function fillStripes(candidate: Float32Array, { origin, draws, space }: Fill): void {
  const { shape, bounds } = space;
  const [height, width, channels] = shape;
  const epsilon = Math.fround(space.epsilon);
  for (let c = 0; c < channels; c++) {
    for (let column = 0; column < width; column++) {
      const change = epsilon * randomSign(draws);
      for (let row = 0; row < height; row++) {
        const i = (row * width + column) * channels + c;
        candidate[i] = clipPixel(Math.fround((origin[i] as number) + change), bounds);
      }
    }
  }
}

/**
 * The best image with one square moved by 2 epsilon times a sign per channel and put back into the ball and the bounds, which
 * leaves the image ± epsilon there, whatever was there before.
 */
function fillSquare(candidate: Float32Array, { best, origin, draws, iteration, space }: SquareMove & Fill): void {
  const { shape, bounds, excludeLast, p0 } = space;
  const [height, width, channels] = shape;
  const epsilon = Math.fround(space.epsilon);
  const side = squareSide(iteration, { norm: "linf", p0, height, width });
  const top = squarePlace(draws.uniform(), height - side, excludeLast);
  const left = squarePlace(draws.uniform(), width - side, excludeLast);
  candidate.set(best);
  for (let c = 0; c < channels; c++) {
    const change = epsilon * randomSign(draws);
    for (let row = top; row < top + side; row++) {
      for (let column = left; column < left + side; column++) {
        const i = (row * width + column) * channels + c;
        candidate[i] = clipPixel(Math.fround((origin[i] as number) + change), bounds);
      }
    }
  }
}
