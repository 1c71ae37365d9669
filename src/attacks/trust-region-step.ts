/** One step along the decision boundary (Brendel et al. 2019, equation 3): the optimisation problem of the attack, for one sample. */
import { type BoxProblem, MinimumNorm } from "./minimum-norm.js";

export interface StepProblem extends BoxProblem {
  /** c, the wanted b · delta. */
  readonly change: number;
  /** r, in L2. */
  readonly radius: number;
}

/** Solves problems one after another, for images of one size. */
export interface StepSolver {
  /** Writes the step, and into `guess` what the next problem of the same sample may begin with. */
  solve(delta: Float32Array, problem: StepProblem, guess: StepGuess): void;
}

/** What a sample's last step found, where its next one begins to look. */
export interface StepGuess {
  cell: number;
  multiplier: number;
}

export function firstGuess(): StepGuess {
  return { cell: CELLS / 2, multiplier: 0 };
}

/** The distance is found to this fraction of the range of pixels, the largest power of two below 1e-6. */
const CELLS = 2 ** 20;

/** In Linf, for images of `size` pixels. */
export class TrustRegion implements StepSolver {
  readonly #steps: MinimumNorm;

  constructor(size: number) {
    this.#steps = new MinimumNorm(size);
  }

  /**
   * Writes the delta that minimises max |z + delta - x| subject to b · delta = c, |delta|₂ <= r and z + delta inside the bounds. Where
   * there is none: the step of length r along b in the direction of c, as far as the bounds let each pixel go. Foolbox's solver
   * goes along -b there whatever c is, and further than r; and it can iterate for ever, which this one cannot.
   */
  solve(delta: Float32Array, problem: StepProblem, guess: StepGuess): void {
    const { change, radius, bounds } = problem;
    const steps = this.#steps;
    steps.pose(problem);
    const length = (bounds[1] - bounds[0]) / CELLS;
    const admits = (cell: number): boolean => {
      const found = steps.multiplier(cell * length, { change, radius, guess: guess.multiplier });
      if (found !== null) guess.multiplier = found;
      return found !== null;
    };
    // Nearer than this no step has the effect at all, whatever its length.
    const reach = steps.smallestReach(change);
    const least = reach === null ? null : Math.min(CELLS, Math.max(1, Math.ceil(reach / length)));
    if (least !== null && admits(least)) guess.cell = least;
    else if (least !== null && admits(CELLS))
      guess.cell = smallestAdmitted(admits, { refused: least, guess: guess.cell });
    else {
      steps.write(delta, CELLS * length, steps.boundedBy(radius, Math.sign(change)));
      return;
    }
    steps.write(delta, guess.cell * length, guess.multiplier);
  }
}

/**
 * The smallest cell above `refused` that is admitted, where CELLS is and each one above an admitted one is too: what a bisection
 * finds, by fewer questions near `guess`. The last question answered with yes is the one about it.
 */
function smallestAdmitted(
  admits: (cell: number) => boolean,
  known: { readonly refused: number; readonly guess: number },
): number {
  let { refused, guess } = known;
  let admitted = CELLS;
  guess = Math.max(guess, refused + 1);
  for (
    let reach = 1;
    guess > refused && guess < admitted && (refused === known.refused || admitted === CELLS);
    reach *= 4
  ) {
    if (admits(guess)) {
      admitted = guess;
      guess -= reach;
    } else {
      refused = guess;
      guess += reach;
    }
  }
  while (admitted - refused > 1) {
    const middle = Math.floor((refused + admitted) / 2);
    if (admits(middle)) admitted = middle;
    else refused = middle;
  }
  return admitted;
}
