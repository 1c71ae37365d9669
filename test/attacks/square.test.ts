import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackBatch, BallNorm } from "../../src/attacks/attack.js";
import { marginsOf } from "../../src/attacks/margins.js";
import { searchSquares, square } from "../../src/attacks/square.js";
import { bump, doubleBump } from "../../src/attacks/square-bump.js";
import { linfSquares } from "../../src/attacks/square-linf.js";
import { squareSide } from "../../src/attacks/square-schedule.js";
import { windowSquares } from "../../src/attacks/square-windows.js";
import { stream } from "../../src/core/rng.js";
import { predictions } from "../../src/losses/predictions.js";
import { type AnalyticNetwork, inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { alone, batchOf, driven, total } from "../support/attack-batches.js";
import { linearImages, linearLabels, linearNetwork } from "../support/golden-networks.js";

const constants = { queries: 5000, p0: 0.8, excludeLast: true };

test("squares shrink by the published schedule, to the next even number from halves, odd for L2", () => {
  const sizes = (norm: "linf" | "l2", side: number) =>
    [0, 10, 11, 51, 201, 501, 1001, 2001, 4001].map((iteration) =>
      squareSide(iteration, { norm, p0: 0.8, height: side, width: side }),
    );
  assert.deepEqual(sizes("linf", 32), [29, 29, 20, 14, 10, 7, 5, 4, 3]);
  assert.deepEqual(sizes("l2", 32), [29, 29, 21, 15, 11, 7, 5, 5, 3]);
  assert.deepEqual(sizes("linf", 28), [25, 25, 18, 13, 9, 6, 4, 3, 2]);
  assert.deepEqual(sizes("linf", 8), [7, 7, 5, 4, 3, 2, 1, 1, 1]);
  assert.equal(squareSide(0, { norm: "linf", p0: 0.25, height: 5, width: 5 }), 2);
  assert.equal(squareSide(0, { norm: "linf", p0: 0.25, height: 7, width: 7 }), 4);
});

test("the bumps of the L2 form have their published heights and length 1", () => {
  assertClose(
    bump(3, 3, "l2"),
    [0.17408, 0.17408, 0.17408, 0.17408, 0.87039, 0.17408, 0.17408, 0.17408, 0.17408],
    1e-5,
  );
  const rows = [0.13608, 0.68041, 0.13608, -0.1291, -0.1291, -0.1291, -0.1291, -0.6455, -0.1291];
  assertClose(doubleBump(3, "l2"), rows, 1e-5);
  assertClose([doubleBump(29, "l2").reduce((sum, value) => sum + value * value, 0)], [1], 1e-12);
});

for (const [epsilon, margins] of [
  [0.01, [0.199441, 0.194477, 0.193782, 0.1907, 0.181999, 0.177816]],
  [0.02, [0.218332, 0.208404, 0.207015, 0.200851, 0.18345, 0.175083]],
  [0.03, [0.237224, 0.222332, 0.220247, 0.211002, 0.1849, 0.172349]],
  [0.05, [0.275007, 0.250186, 0.246713, 0.231304, 0.187801, 0.166883]],
] as const) {
  test(`with scripted draws the best margin at ${epsilon} falls as in the published attack`, () => {
    const found = [0, 1, 5, 20, 100, 500].map((queries) => scripted(8, { epsilon, norm: "linf" }, queries));
    assertClose(
      found.map(({ margin }) => margin),
      margins,
      2e-6,
    );
    if (epsilon === 0.03) assertClose([found[0]?.pixelSum ?? 0, found[5]?.pixelSum ?? 0], [97.10287, 97.04288], 2e-5);
  });
}

for (const [epsilon, margins, success] of [
  [0.3, [0.056748, 0.048722, 0.02866, 0.02866], { iteration: 59, margin: -0.000821 }],
  [0.6, [0.056773, 0.040721, 0.000597, 0.000597], { iteration: 21, margin: -0.015082 }],
] as const) {
  test(`with scripted draws the L2 form at ${epsilon} falls and succeeds as in the published attack`, () => {
    const run = (queries: number) => scripted(10, { epsilon, norm: "l2" }, queries);
    assertClose(
      [0, 1, 5, 20].map((queries) => run(queries).margin),
      margins,
      2e-6,
    );
    assert.ok(run(success.iteration - 1).margin > 0);
    assertClose([run(success.iteration).margin], [success.margin], 2e-6);
    assert.deepEqual(run(500).best, run(success.iteration).best);
  });
}

for (const [epsilon, margins, success] of [
  [1, [0.056156, 0.045356], { iteration: 4, margin: -0.005815 }],
  [2, [0.055588, 0.034151, 0.018775, 0.018775], { iteration: 54, margin: -0.036152 }],
] as const) {
  test(`with scripted draws the L1 form at ${epsilon} falls and succeeds as in the published attack`, () => {
    const run = (queries: number) => scripted(10, { epsilon, norm: "l1" }, queries);
    assertClose(
      margins.map((_, i) => run([0, 1, 5, 20][i] ?? 0).margin),
      margins,
      2e-6,
    );
    assert.ok(run(success.iteration - 1).margin > 0);
    assertClose([run(success.iteration).margin], [success.margin], 2e-6);
    assert.deepEqual(run(500).best, run(success.iteration).best);
  });
}

/** One image of the network of sines, attacked with the numbers frac(q · 0.618…) for q = 1, 2, …. */
function scripted(side: number, ball: { epsilon: number; norm: BallNorm }, queries: number) {
  const network = sineNetwork(side);
  const images = Float32Array.from({ length: 3 * side * side }, (_, i) => 0.5 + 0.3 * Math.sin(0.9 * i));
  let q = 0;
  const draws = { uniform: () => (++q * 0.6180339887498949) % 1 };
  const batch = batchOf({ inference: inferenceOf(network), images, labels: Int32Array.of(0) }, ball);
  const { result } = driven(searchSquares(batch, { ...constants, queries }, () => draws));
  assert.ok(ball.norm !== "linf" || q === 3 * side + 5 * queries);
  const { margins, best } = result;
  return { margin: margins[0] ?? 0, best, pixelSum: best.reduce((sum, pixel) => sum + pixel, 0) };
}

function sineNetwork(side: number): AnalyticNetwork {
  return {
    input: [side, side, 3],
    classes: 3,
    logits: (image) =>
      Float64Array.from({ length: 3 }, (_, k) =>
        image.reduce((sum, pixel, i) => sum + pixel * 0.1 * Math.sin(0.37 * (i + 1) * (k + 1)), 0),
      ),
    gradient: () => new Float64Array(3 * side * side),
  };
}

const epsilon = 0.01;

for (const [name, network, least, most] of [
  ["", { scale: 1 }, 37, 51],
  [" with logits times 1e5", { scale: 1e5 }, 37, 51],
  [", quantised,", { scale: 1, levels: 32 }, 41, 54],
] as const) {
  test(`about as many samples of the linear network${name} stand as published runs leave, and those that fall are as they must be`, () => {
    const inference = inferenceOf(linearNetwork(network));
    const batch = batchOf({ inference, images: linearImages, labels: linearLabels }, { epsilon, norm: "linf" });
    const fooled = driven(square(batch, { ...constants, queries: 2000 }, 1)).result;
    const predicted = predictions(inference.logits(fooled), 5);
    let standing = 0;
    for (const [sample, label] of linearLabels.entries()) {
      const clean = linearImages.subarray(192 * sample, 192 * (sample + 1));
      const image = fooled.subarray(192 * sample, 192 * (sample + 1));
      standing += predicted[sample] === label ? 1 : 0;
      if (predicted[sample] === label) assert.deepEqual(image, clean);
      else for (const [i, pixel] of image.entries()) assertClose([Math.abs(pixel - (clean[i] ?? 0))], [epsilon], 1e-7);
    }
    assert.ok(standing >= least && standing <= most, `${standing} stand`);
  });
}

test("the same squares are tried in any batch, and a finished sample costs no more queries", () => {
  const inference = inferenceOf(linearNetwork({ scale: 1 }));
  const [images, labels] = [linearImages.slice(0, 24 * 192), linearLabels.slice(0, 24)];
  for (const ball of [
    { epsilon, norm: "linf" },
    { epsilon: 0.1, norm: "l2" },
  ] as const) {
    const batch = { ...batchOf({ inference, images, labels }, ball), begunWith: 24 };
    const whole = driven(square(batch, { ...constants, queries: 60 }, 2));
    const apart = [...labels.keys()].map((i) => driven(square(alone(batch, i), { ...constants, queries: 60 }, 2)));
    assert.deepEqual(
      apart.flatMap(({ result }) => [...result]),
      [...whole.result],
    );
    assert.deepEqual(total(apart.flatMap(({ calls }) => calls)), total(whole.calls));
    const moved = whole.result.some((pixel, i) => pixel !== images[i]);
    assert.ok(moved);
  }
});

test("the last row and column keep their stripes, unless squares may lie there", () => {
  const borderOf = (options: { queries: number; excludeLast: boolean }) => {
    let tries = 0;
    // Each try lowers the margin, so each is kept.
    const inference = { ...inferenceOf(sineNetwork(8)), logits: () => Float32Array.of(1000 - tries++, 0, 0) };
    const samples = { inference, images: linearImages.slice(0, 192), labels: Int32Array.of(0) };
    const batch = { ...batchOf(samples, { epsilon, norm: "linf" }), begunWith: 100 };
    const search = searchSquares(batch, { p0: 0.8, ...options }, () => stream(1, "square", 1, 0));
    return driven(search).result.best.filter((_, i) => i >= 7 * 24 || i % 24 >= 21);
  };
  const stripes = borderOf({ queries: 0, excludeLast: true });
  assert.deepEqual(borderOf({ queries: 300, excludeLast: true }), stripes);
  assert.notDeepEqual(borderOf({ queries: 300, excludeLast: false }), stripes);
});

test("a network that answers no numbers is never fooled, and is asked to the end", () => {
  const network = { ...linearNetwork({ scale: 1 }), logits: () => new Float64Array(5).fill(Number.NaN) };
  const images = linearImages.slice(0, 192);
  const subject = { inference: inferenceOf(network), images, labels: Int32Array.of(0) };
  const batch = { ...batchOf(subject, { epsilon, norm: "linf" }), begunWith: 100 };
  const { result, calls } = driven(square(batch, { ...constants, queries: 5 }, 1));
  assert.deepEqual(result, images);
  assert.equal(calls.length, 6);
});

for (const ball of [
  { epsilon, norm: "linf" },
  { epsilon: 0.1, norm: "l2" },
  { epsilon: 0.6, norm: "l1" },
] as const) {
  test(`candidates tried ahead in ${ball.norm} give the images of one after the other, for little more work in fewer calls`, () => {
    const queries = 600;
    const inference = inferenceOf(linearNetwork({ scale: 1 }));
    const batch = batchOf({ inference, images: linearImages, labels: linearLabels }, ball);
    const { calls, result } = driven(square(batch, { ...constants, queries }, 1));
    const [images, asked] = oneAfterTheOther(batch, queries);
    assert.deepEqual(result, images);
    const { forwards } = total(calls);
    assert.ok(forwards >= asked && forwards < 1.1 * asked, `${forwards} of ${asked}`);
    assert.ok(calls.length < 1.5 * (asked / 100), `${calls.length} calls`);
  });
}

test("few samples go ahead with as many candidates as cost an engine nothing, and end in the same images", () => {
  const inference = inferenceOf(linearNetwork({ scale: 1 }));
  const samples = { inference, images: linearImages.slice(0, 4 * 192), labels: linearLabels.slice(0, 4) };
  const batch = batchOf(samples, { epsilon, norm: "linf" });
  const [few, many] = [undefined, 100].map((begunWith) => {
    return driven(square({ ...batch, ...(begunWith && { begunWith }) }, { ...constants, queries: 200 }, 1));
  });
  assert.deepEqual(few?.result, many?.result);
  assert.ok(Math.max(...(few?.calls ?? []).map(({ forwards }) => forwards)) >= 32);
  assert.ok(2 * (few?.calls.length ?? 0) < (many?.calls.length ?? 0));
});

/** The published loop, a candidate at a time: its images and how many candidates that took. */
function oneAfterTheOther({ inference, threat, images, labels }: AttackBatch, queries: number): [Float32Array, number] {
  const space = { ...threat, ...constants, shape: inference.input };
  const moves = threat.norm === "linf" ? linfSquares(space) : windowSquares(space, threat.norm);
  const found = images.slice();
  let asked = 0;
  for (const [sample, label] of labels.entries()) {
    const origin = images.subarray(192 * sample, 192 * (sample + 1));
    const draws = stream(1, "square", 1, sample);
    let [best, margin] = [origin, Number.POSITIVE_INFINITY];
    for (let iteration = -1; iteration < queries && margin > 0; iteration++) {
      const candidate = origin.slice();
      if (iteration < 0) moves.start(candidate, origin, draws);
      else moves.propose(candidate, { best, origin, draws, iteration });
      const tried = marginsOf(inference.logits(candidate), Int32Array.of(label)).values[0] ?? 0;
      asked++;
      if (tried < margin) [best, margin] = [candidate, tried];
    }
    if (margin < 0) found.set(best, 192 * sample);
  }
  return [found, asked];
}

test("at radius 0 the images come back as they are", () => {
  const images = linearImages.slice(0, 4 * 192);
  for (const norm of ["linf", "l2", "l1"] as const) {
    const samples = { inference: inferenceOf(linearNetwork({ scale: 1 })), images, labels: linearLabels.slice(0, 4) };
    const run = driven(square(batchOf(samples, { epsilon: 0, norm }), { ...constants, queries: 20 }, 1));
    assert.deepEqual(run.result, images);
    assert.deepEqual(total(run.calls), { forwards: 84, gradients: 0 });
  }
});

test("pixels at the bounds stay inside them, in other bounds too", () => {
  const flat = { ...linearNetwork({ scale: 1 }), logits: () => Float64Array.of(1, 0, 0, 0, 0) };
  const images = Float32Array.from({ length: 192 }, (_, i) => [-10, 10, 9.95][i % 3] ?? 0);
  for (const norm of ["linf", "l2"] as const) {
    const batch = batchOf({ inference: inferenceOf(flat), images, labels: Int32Array.of(0) }, { epsilon: 0.5, norm });
    const draws = stream(1, "square", 1, 0);
    const tried: Float32Array[] = [];
    const watched = {
      ...batch.inference,
      logits(seen: Float32Array) {
        tried.push(seen.slice());
        return Float32Array.of(9 - tried.length, 0, 0, 0, 0);
      },
    };
    const wide = {
      ...batch,
      begunWith: 100,
      inference: watched,
      threat: { ...batch.threat, bounds: [-10, 10] as const },
    };
    driven(searchSquares(wide, { ...constants, queries: 8 }, () => draws));
    assert.equal(tried.length, 9);
    for (const image of tried) {
      const steps = image.map((pixel, i) => pixel - (images[i] ?? 0));
      assert.ok(image.every((pixel) => pixel >= -10 && pixel <= 10));
      assert.ok((norm === "linf" ? Math.max(...steps.map(Math.abs)) : Math.hypot(...steps)) <= 0.5 + 1e-6);
      assert.ok(steps.some((step) => step !== 0));
    }
  }
});
