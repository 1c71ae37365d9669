/** Projected gradient ascent over `inputGradient`: the plain version that defines what every engine's `ascend` gives, bit for bit on the same gradients. */
import type { Ascent, AscentProblem, Inference } from "./engine.js";
import { stepInto } from "./norm-ball.js";

/** Starts an ascent at `problem.images`, not projected first; each step is one gradient and one `stepInto`. */
export function plainAscent(inference: Pick<Inference, "input" | "inputGradient">, problem: AscentProblem): Ascent {
  const { origin, lossGradient, norm, epsilon, stepSize, bounds } = problem;
  const images = problem.images.slice();
  return {
    advance(steps: number): void {
      for (let done = 0; done < steps; done++) {
        const { gradient } = inference.inputGradient(images, lossGradient);
        stepInto(images, { ball: { norm, epsilon, bounds }, stepSize, shape: inference.input, origin, gradient });
      }
    },
    images: () => images.slice(),
    dispose(): void {},
  };
}
