import assert from "node:assert/strict";
import { test } from "node:test";
import { keepLargest } from "../../src/pruning/mask.js";
import { initialScores, scaledScores, scoreGradientInto } from "../../src/pruning/scores.js";

function assertClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs((actual[i] ?? Number.NaN) - value) <= tolerance, `entry ${i}: ${actual[i]}, expected ${value}`);
}

test("scaled scores of the worked example have the largest at sqrt(6 / fan in), signs kept", () => {
  assertClose(scaledScores(Float32Array.of(0.3, -0.6, 0.15, 0), 2), [0.8660254, -1.7320508, 0.4330127, 0], 2e-7);
});

test("scaled scores choose the mask of magnitude pruning", () => {
  const weights = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i * i) / (1 + i));
  const scores = scaledScores(weights, 25);
  for (const kept of [1, 50, 251, 499]) assert.deepEqual(keepLargest(scores, kept), keepLargest(weights, kept));
});

test("a layer of zeros gets scores of zero, not NaN", () => {
  assert.deepEqual(scaledScores(new Float32Array(4), 2), new Float32Array(4));
});

test("random starts have the deviation of their law and differ between layers", () => {
  const weights = new Float32Array(64 * 32 * 9);
  const shape = [64, 32, 3, 3];
  const deviations = {
    "kaiming-uniform": Math.sqrt(2 / 288),
    "kaiming-normal": Math.sqrt(2 / 288),
    "xavier-uniform": Math.sqrt(4 / (288 + 576)),
    "xavier-normal": Math.sqrt(4 / (288 + 576)),
  } as const;
  for (const start of ["kaiming-uniform", "kaiming-normal", "xavier-uniform", "xavier-normal"] as const) {
    const scores = initialScores({ start, weights, shape, gradient: null, seed: 3, layer: 0 });
    const deviation = Math.sqrt(scores.reduce((sum, score) => sum + score * score, 0) / scores.length);
    assert.ok(Math.abs(deviation / deviations[start] - 1) < 0.03, `${start}: ${deviation}`);
    assert.notDeepEqual(initialScores({ start, weights, shape, gradient: null, seed: 3, layer: 1 }), scores);
  }
});

test("the score gradient of a 3x2 linear layer is G * W * sign(S), also where the weight is pruned", () => {
  // y = (W * M) x + 0 with x = (1, -2) and loss gradient (3, -1, 0.5) at the outputs, so G[o][i] = d[o] * x[i].
  const x = [1, -2];
  const outputGradient = [3, -1, 0.5];
  const gradient = Float32Array.from(outputGradient.flatMap((d) => x.map((input) => d * input)));
  const weights = Float32Array.of(0.5, -0.25, 1, 0.125, -2, 0.75);
  const scores = Float32Array.of(0.4, -0.1, 0, 0.3, -0.5, 0.2);
  const byHand = [3 * 0.5, -(-6 * -0.25), 0, 2 * 0.125, -(0.5 * -2), -1 * 0.75];
  scoreGradientInto({ gradient, weights, scores });
  assertClose(gradient, byHand, 0);
  const pruned = 1;
  assert.ok(!keepLargest(scores, 3).includes(pruned));
  assert.equal(gradient[pruned], -1.5);
});

test("a score of 0 gets no gradient and stays where it is, whatever its weight", () => {
  const gradient = Float32Array.of(3, -3);
  scoreGradientInto({ gradient, weights: Float32Array.of(2, 2), scores: Float32Array.of(0, -0) });
  assert.ok(gradient.every((value) => value === 0));
});

test("SNIP's scores are |gradient times weight|, so the order of the layer's connections by their effect on the loss", () => {
  const [weights, gradient] = [Float32Array.of(2, -0.5, 0, 1), Float32Array.of(-1, 3, 9, 0.25)];
  const scores = initialScores({ start: "snip", weights, shape: [2, 2], gradient, seed: 1, layer: 0 });
  assert.deepEqual(scores, Float32Array.of(2, 1.5, 0, 0.25));
});
