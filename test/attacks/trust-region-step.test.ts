import assert from "node:assert/strict";
import { test } from "node:test";
import { firstGuess, type StepProblem, TrustRegion } from "../../src/attacks/trust-region-step.js";
import { stream } from "../../src/core/rng.js";
import { assertClose } from "../support/assert-close.js";

const SIZE = 12;

test("the step has the wanted effect, inside the radius and the bounds, as near to the clean image as a plain bisection finds", () => {
  const region = new TrustRegion(SIZE);
  const guess = firstGuess();
  let solved = 0;
  for (let number = 0; number < 400; number++) {
    const problem = randomProblem(number);
    const nearest = nearestByBisection(problem, problem.change);
    if (nearest === null) continue;
    solved++;
    const delta = solve(region, problem, guess);
    const effect = dot(problem.normal, delta);
    assertClose([effect], [problem.change], 1e-4 * Math.abs(problem.change) + 1e-6);
    assert.ok(Math.hypot(...delta) <= problem.radius * (1 + 1e-6));
    assert.ok(delta.every((step, i) => inside((problem.image[i] ?? 0) + step)));
    // The effect may miss by a ten-thousandth of what is wanted: so far the solution may be nearer.
    const slack = 1.01e-4 * Math.abs(problem.change) + 1e-9;
    const lowest = [-slack, slack].map((by) => nearestByBisection(problem, problem.change + by) ?? nearest);
    const found = distance(problem, delta);
    assert.ok(found <= nearest + 2e-6, `${number}: ${found} against ${nearest}`);
    assert.ok(found >= Math.min(...lowest) - 2e-6, `${number}: ${found} against ${lowest}`);
  }
  assert.ok(solved > 100 && solved < 390, `${solved} of 400 problems have a solution`);
});

test("where no step has the effect, one of the radius's length goes towards it, or to the corner", () => {
  const region = new TrustRegion(SIZE);
  for (let number = 0; number < 400; number++) {
    const problem = randomProblem(number);
    if (nearestByBisection(problem, problem.change) !== null) continue;
    const delta = solve(region, problem, firstGuess());
    assert.equal(Math.sign(dot(problem.normal, delta)), Math.sign(problem.change));
    const isCorner = delta.every((step, i) => {
      const pixel = (problem.image[i] ?? 0) + step;
      return problem.normal[i] === 0 || Math.min(Math.abs(pixel), Math.abs(1 - pixel)) < 1e-6;
    });
    if (!isCorner) assertClose([Math.hypot(...delta)], [problem.radius], 1e-6);
    assert.ok(delta.every((step, i) => inside((problem.image[i] ?? 0) + step)));
  }
});

test("where it looks first changes nothing but the rounding of the answer", () => {
  const region = new TrustRegion(SIZE);
  const travelled = firstGuess();
  for (let number = 0; number < 200; number++) {
    const problem = randomProblem(number);
    const [fresh, warm] = [solve(region, problem, firstGuess()), solve(region, problem, travelled)];
    const near = 1e-5 + 2e-4 * Math.abs(problem.change);
    assertClose([distance(problem, warm)], [distance(problem, fresh)], near);
    assertClose([dot(problem.normal, warm)], [dot(problem.normal, fresh)], near);
  }
});

test("without a gradient there is no step", () => {
  const problem = { ...randomProblem(1), normal: new Float32Array(SIZE) };
  assert.deepEqual([...solve(new TrustRegion(SIZE), problem, firstGuess())].map(Math.abs), Array(SIZE).fill(0));
});

/** Clean image, iterate and normal in all proportions, with pixels at the bounds and weights of 0. */
function randomProblem(number: number): StepProblem {
  const draws = stream(1, "bb", 99, number);
  const pixel = () => Math.min(1, Math.max(0, 1.4 * draws.uniform() - 0.2));
  const origin = Float32Array.from({ length: SIZE }, pixel);
  const spread = draws.uniform();
  const image = origin.map((x) => Math.min(1, Math.max(0, x + spread * (draws.uniform() - 0.5))));
  const normal = Float32Array.from({ length: SIZE }, () => (draws.uniform() < 0.1 ? 0 : draws.normal()));
  const [change, radius] = [2 * draws.normal() * draws.uniform(), 2 * draws.uniform() ** 2];
  return { origin, image, normal, change, radius, bounds: [0, 1] };
}

function solve(region: TrustRegion, problem: StepProblem, guess: ReturnType<typeof firstGuess>): Float32Array {
  const delta = new Float32Array(SIZE);
  region.solve(delta, problem, guess);
  return delta;
}

/** The smallest distance that admits a step, by 25 bisections of it; each asks for the shortest step by 200 of its multiplier. */
function nearestByBisection(problem: StepProblem, change: number): number | null {
  if (!admits(problem, change, 1)) return null;
  let [refused, admitted] = [0, 1];
  for (let round = 0; round < 25; round++) {
    const middle = (refused + admitted) / 2;
    if (admits(problem, change, middle)) admitted = middle;
    else refused = middle;
  }
  return admitted;
}

function admits({ origin, image, normal, radius }: StepProblem, change: number, nearness: number): boolean {
  const low = origin.map((x, i) => Math.max(0, x - nearness) - (image[i] ?? 0));
  const high = origin.map((x, i) => Math.min(1, x + nearness) - (image[i] ?? 0));
  const step = (m: number) => normal.map((b, i) => Math.min(high[i] ?? 0, Math.max(low[i] ?? 0, m * b)));
  let [tooSmall, tooLarge] = [-1e6, 1e6];
  if (dot(normal, step(tooSmall)) > change || dot(normal, step(tooLarge)) < change) return false;
  for (let round = 0; round < 200; round++) {
    const middle = (tooSmall + tooLarge) / 2;
    if (dot(normal, step(middle)) < change) tooSmall = middle;
    else tooLarge = middle;
  }
  return Math.hypot(...step(tooLarge)) <= radius;
}

function distance({ origin, image }: StepProblem, delta: Float32Array): number {
  return Math.max(...delta.map((step, i) => Math.abs((image[i] ?? 0) + step - (origin[i] ?? 0))));
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function inside(pixel: number): boolean {
  return pixel >= -1e-6 && pixel <= 1 + 1e-6;
}
