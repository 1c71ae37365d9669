import assert from "node:assert/strict";
import { test } from "node:test";
import { plainAscent } from "../../src/engines/ascend.js";
import type { AscentProblem } from "../../src/engines/engine.js";
import { stepInto } from "../../src/engines/norm-ball.js";
import { plainEngine } from "../support/plain-engine.js";
import { everyLayer, waveImages } from "../support/small-networks.js";

const inference = plainEngine.infer(everyLayer());
const origin = waveImages(2, inference.input);
const problem: AscentProblem = {
  images: origin,
  origin,
  lossGradient: (logits) => logits.map((logit) => Math.tanh(logit)),
  norm: "linf",
  epsilon: 8 / 255,
  stepSize: 2 / 255,
  bounds: [0, 1],
};

for (const norm of ["linf", "l2"] as const) {
  test(`each step of ${norm} is one gradient at the images as they are, and one step in the ball`, () => {
    const ascent = plainAscent(inference, { ...problem, norm });
    ascent.advance(3);
    const expected = origin.slice();
    for (let i = 0; i < 3; i++) {
      const { gradient } = inference.inputGradient(expected, problem.lossGradient);
      const ball = { norm, epsilon: problem.epsilon, bounds: problem.bounds };
      stepInto(expected, { ball, stepSize: problem.stepSize, shape: inference.input, origin, gradient });
    }
    assert.deepEqual(ascent.images(), expected);
    assert.notDeepEqual(expected, origin);
  });
}

test("steps may be taken in any parts", () => {
  const whole = plainAscent(inference, problem);
  whole.advance(4);
  const parts = plainAscent(inference, problem);
  for (const steps of [1, 0, 3]) parts.advance(steps);
  assert.deepEqual(parts.images(), whole.images());
});

test("no given array changes and what is returned is the caller's own", () => {
  const images = origin.slice();
  const ascent = plainAscent(inference, { ...problem, images });
  ascent.advance(1);
  assert.deepEqual(images, origin);
  ascent.images().fill(0);
  assert.notDeepEqual(ascent.images(), new Float32Array(origin.length));
});

test("the start is not projected before the first step", () => {
  const far = origin.map(() => 5);
  assert.deepEqual(plainAscent(inference, { ...problem, images: far }).images(), far);
});
