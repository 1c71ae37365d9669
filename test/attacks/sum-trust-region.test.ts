import assert from "node:assert/strict";
import { test } from "node:test";
import { SumTrustRegion } from "../../src/attacks/sum-trust-region.js";
import { firstGuess, type StepProblem } from "../../src/attacks/trust-region-step.js";
import { stream } from "../../src/core/rng.js";

const SIZE = 12;

for (const norm of ["l2", "l1"] as const) {
  test(`in ${norm} the step has the wanted effect, inside the radius and the bounds, and no other such step ends nearer`, () => {
    const region = new SumTrustRegion(SIZE, norm);
    let solved = 0;
    for (let number = 0; number < 300; number++) {
      const problem = randomProblem(number);
      const found = solve(region, problem);
      if (!isSolution(problem, found)) continue;
      solved++;
      // Steps for other clean images are steps for this one too: the best for this one must not lie between it and theirs.
      for (let other = 0; other < 12; other++) {
        const { origin } = randomProblem(1000 + 12 * number + other);
        const rival = solve(region, { ...problem, origin });
        assert.ok(isSolution(problem, rival), `${number}, ${other}`);
        for (const part of [0.01, 0.3, 1]) {
          const between = found.map((step, i) => step + part * ((rival[i] ?? 0) - step));
          const [here, there] = [found, between].map((delta) => distance(problem, delta, norm));
          assert.ok(
            (here ?? 9) <= (there ?? 0) * (1 + 1e-3) + 1e-5,
            `${number}, ${other}, ${part}: ${here} against ${there}`,
          );
        }
      }
    }
    assert.ok(solved > 60 && solved < 290, `${solved} of 300 problems have a solution`);
  });

  test(`in ${norm} a step without a radius is that of the plane, and where none has the effect it goes towards it`, () => {
    const region = new SumTrustRegion(SIZE, norm);
    for (let number = 0; number < 100; number++) {
      const problem = { ...randomProblem(number), radius: 100 };
      const free = solve(region, problem);
      const short = solve(region, { ...problem, radius: 1e-4 });
      if (!isSolution(problem, free)) continue;
      assert.ok(Math.hypot(...short) <= 1e-4 * (1 + 1e-6));
      if (!isSolution({ ...problem, radius: 1e-4 }, short)) {
        assert.equal(Math.sign(dot(problem.normal, short)), Math.sign(problem.change));
      }
      if (norm !== "l1") continue;
      // In L1 all pixels but one end at home or at a bound.
      const between = free.filter((step, i) => {
        const pixel = (problem.image[i] ?? 0) + step;
        return Math.abs(pixel - (problem.origin[i] ?? 0)) > 1e-6 && pixel > 1e-6 && pixel < 1 - 1e-6;
      });
      assert.ok(between.length <= 1, `${number}: ${between.length}`);
    }
  });
}

function randomProblem(number: number): StepProblem {
  const draws = stream(1, "bb", number);
  const uniform = () => Float32Array.from({ length: SIZE }, () => draws.uniform());
  const origin = uniform();
  const image = origin.map((pixel) => Math.min(1, Math.max(0, pixel + 0.4 * draws.normal())));
  const normal = Float32Array.from({ length: SIZE }, (_, i) => (i === number % SIZE ? 0 : draws.normal()));
  const [change, radius] = [0.6 * draws.normal(), 0.05 + draws.uniform()];
  return { origin, image, normal, bounds: [0, 1], change, radius };
}

function solve(region: SumTrustRegion, problem: StepProblem): Float32Array {
  const delta = new Float32Array(SIZE);
  region.solve(delta, problem, firstGuess());
  return delta;
}

function isSolution({ normal, image, change, radius }: StepProblem, delta: Float32Array): boolean {
  const isInside = delta.every((step, i) => (image[i] ?? 0) + step >= -1e-6 && (image[i] ?? 0) + step <= 1 + 1e-6);
  assert.ok(isInside && Math.hypot(...delta) <= radius * (1 + 1e-5));
  return Math.abs(dot(normal, delta) - change) <= 2e-4 * Math.abs(change) + 1e-6;
}

function distance({ origin, image }: StepProblem, delta: Float32Array, norm: "l2" | "l1"): number {
  const differences = Array.from(delta, (step, i) => (image[i] ?? 0) + step - (origin[i] ?? 0));
  return norm === "l2" ? Math.hypot(...differences) : differences.reduce((sum, one) => sum + Math.abs(one), 0);
}

function dot(normal: Float32Array, delta: Float32Array): number {
  return normal.reduce((sum, weight, i) => sum + weight * (delta[i] ?? 0), 0);
}
