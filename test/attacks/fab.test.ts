import assert from "node:assert/strict";
import { test } from "node:test";
import { fab, fabMinimal, fabPasses, findNearest } from "../../src/attacks/fab.js";
import { predictions } from "../../src/losses/predictions.js";
import { inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { alone, batchOf, driven, total } from "../support/attack-batches.js";
import {
  linearImages,
  linearLabels,
  linearNetwork,
  smoothImages,
  smoothLabels,
  smoothNetwork,
} from "../support/golden-networks.js";
import { linearDistances } from "../support/linear-distances.js";

const untargeted = { steps: 100, targets: 0, restarts: 5 };
const targeted = { steps: 100, targets: 9, restarts: 1 };

const none = Number.POSITIVE_INFINITY;
const smooth = { inference: inferenceOf(smoothNetwork), images: smoothImages, labels: smoothLabels };

/** Distances found on the smooth network after 1, 2, 10 and 100 steps; rank 0 is the untargeted form. */
const golden = [
  [
    "linf",
    0,
    [0.04253, 0.02305, none],
    [0.0404, 0.02218, 0.19084],
    [0.0404, 0.02218, 0.14366],
    [0.0404, 0.02218, 0.12839],
  ],
  [
    "linf",
    2,
    [0.04253, 0.02305, 0.20685],
    [0.0404, 0.02218, 0.16449],
    [0.0404, 0.02218, 0.16449],
    [0.0404, 0.02218, 0.16449],
  ],
  [
    "linf",
    3,
    [0.05517, 0.05848, 0.25991],
    [0.05299, 0.05281, 0.25991],
    [0.05299, 0.05281, 0.18913],
    [0.05299, 0.05281, 0.16662],
  ],
  [
    "linf",
    4,
    [0.07766, 0.08016, none],
    [0.07642, 0.08016, 0.19084],
    [0.07642, 0.07941, 0.18456],
    [0.07642, 0.07822, 0.18394],
  ],
  [
    "linf",
    5,
    [0.21442, 0.1883, 0.17524],
    [0.20176, 0.13809, 0.17524],
    [0.19627, 0.13761, 0.12786],
    [0.19542, 0.13684, 0.12786],
  ],
  [
    "l2",
    0,
    [0.12628, 0.0493, 0.39423],
    [0.12035, 0.04752, 0.37675],
    [0.12035, 0.04752, 0.36535],
    [0.12035, 0.04752, 0.36453],
  ],
  [
    "l1",
    0,
    [0.2341, 0.08441, 0.66817],
    [0.21775, 0.08106, 0.6101],
    [0.21775, 0.08106, 0.6101],
    [0.21775, 0.08106, 0.60781],
  ],
] as const;

for (const [norm, rank, ...distances] of golden) {
  test(`FAB, ${norm}, ${rank === 0 ? "untargeted" : `rank ${rank}`}, finds the published distances`, () => {
    const batch = batchOf(smooth, { epsilon: 0.03, norm: "linf" });
    const constants = rank === 0 ? untargeted : targeted;
    for (const [i, steps] of [1, 2, 10, 100].entries()) {
      const search = { pass: Math.max(1, rank - 1), norm, enough: null };
      const { norms, images } = driven(findNearest(batch, { ...constants, steps }, search)).result;
      const expected = distances[i] ?? [];
      for (const [sample, distance] of norms.entries()) {
        if (distance === none || expected[sample] === none) assert.equal(distance, expected[sample]);
        else assertClose([distance], [expected[sample] ?? 0], 2e-4);
      }
      const predicted = predictions(smooth.inference.logits(images), 5);
      assert.deepEqual(
        [...predicted].map((label, sample) => label === smoothLabels[sample]),
        [...norms].map((distance) => distance === none),
      );
    }
  });
}

const linear = { inference: inferenceOf(linearNetwork({ scale: 1 })), images: linearImages, labels: linearLabels };

for (const [name, constants, passes] of [
  ["FAB", untargeted, [1]],
  ["FAB-T", targeted, [1, 2, 3, 4]],
] as const) {
  test(`${name} leaves the published samples of linear networks standing, at any scale of the logits, and none where there is no gradient`, () => {
    const standing = (options: { scale: number; levels?: number }, epsilon: number) =>
      standingAfter(batchOf({ ...linear, inference: inferenceOf(linearNetwork(options)) }, { epsilon, norm: "linf" }));
    const standingAfter = (batch: ReturnType<typeof batchOf>) => {
      const left = new Set(batch.labels.keys());
      for (const pass of passes) {
        const { result } = driven(fab(batch, { ...constants, steps: 20 }, pass));
        const predicted = predictions(batch.inference.logits(result), 5);
        for (const sample of left) {
          if (predicted[sample] !== batch.labels[sample]) left.delete(sample);
        }
      }
      return left.size;
    };
    assert.deepEqual(
      [0.005, 0.01, 0.015, 0.02].map((epsilon) => standing({ scale: 1 }, epsilon)),
      [60, 30, 19, 9],
    );
    assert.equal(standing({ scale: 1e5 }, 0.01), 30);
    assert.equal(standing({ scale: 1, levels: 32 }, 0.01), 98);
  });
}

test("on a linear network FAB ends 0.52 % beyond the nearest boundary", () => {
  const { norms } = driven(fabMinimal(batchOf(linear, { epsilon: 0.02, norm: "linf" }), untargeted, 1)).result;
  const ratios = linearDistances().map((distance, sample) => (norms[sample] ?? 0) / distance);
  assertClose(ratios, ratios.fill(1.0052), 6e-4);
});

test("what FAB returns lies within the radius without tolerance and is misclassified, or is the clean image", () => {
  for (const ball of [
    { epsilon: 0.0101, norm: "linf" },
    { epsilon: 0.1, norm: "l2" },
  ] as const) {
    const { result } = driven(fab(batchOf(linear, ball), { ...untargeted, steps: 10 }, 2));
    const predicted = predictions(linear.inference.logits(result), 5);
    for (const [sample, label] of linearLabels.entries()) {
      const differences = [...result.subarray(192 * sample, 192 * (sample + 1))].map((pixel, i) =>
        Math.abs(Math.fround(pixel - (linearImages[192 * sample + i] ?? 0))),
      );
      const length = ball.norm === "linf" ? Math.max(...differences) : Math.hypot(...differences);
      if (predicted[sample] === label) assert.equal(length, 0);
      else assert.ok(length > 0 && Math.fround(length) <= Math.fround(ball.epsilon));
    }
    const fooled = predicted.filter((label, sample) => label !== linearLabels[sample]);
    assert.ok(fooled.length > 20 && fooled.length < 90, `${fooled.length}`);
  }
});

test("a sample's result is the same alone and after samples that finish, which cost nothing more", () => {
  const batch = batchOf(
    { ...linear, images: linearImages.slice(0, 30 * 192), labels: linearLabels.slice(0, 30) },
    { epsilon: 0.01, norm: "linf" },
  );
  for (const [constants, pass] of [
    [untargeted, 3],
    [targeted, 2],
  ] as const) {
    const whole = driven(fab(batch, { ...constants, steps: 15 }, pass));
    const apart = [...batch.labels.keys()].map((i) => driven(fab(alone(batch, i), { ...constants, steps: 15 }, pass)));
    assert.deepEqual(
      apart.flatMap(({ result }) => [...result]),
      [...whole.result],
    );
    assert.deepEqual(total(apart.flatMap(({ calls }) => calls)), total(whole.calls));
  }
});

test("a sample that stands costs a gradient and a forward a step, untargeted a gradient for each other class; one already wrong nothing", () => {
  const batch = batchOf(smooth, { epsilon: 0.001, norm: "linf" });
  const cleanLogits = smooth.inference.logits(smoothImages);
  const cost = (labels: Int32Array, constants: typeof untargeted) =>
    total(driven(fab({ ...batch, labels, cleanLogits }, { ...constants, steps: 7 }, 1)).calls);
  assert.deepEqual(cost(smoothLabels, targeted), { forwards: 21, gradients: 21 });
  assert.deepEqual(cost(smoothLabels, untargeted), { forwards: 21, gradients: 84 });
  assert.deepEqual(cost(Int32Array.of(0, 4, 3), targeted), { forwards: 14, gradients: 14 });
  assert.equal(total(driven(fab(batch, { ...targeted, steps: 7 }, 1)).calls).forwards, 24);
});

test("a network that answers no numbers is never fooled", () => {
  const noNumbers = { ...smoothNetwork, logits: () => new Float64Array(5).fill(Number.NaN) };
  const batch = batchOf({ ...smooth, inference: inferenceOf(noNumbers) }, { epsilon: 0.5, norm: "linf" });
  for (const constants of [targeted, untargeted]) {
    assert.deepEqual(driven(fab(batch, { ...constants, steps: 3 }, 1)).result, smoothImages);
  }
});

test("there is a pass for each restart of each target that the network has classes for", () => {
  assert.equal(fabPasses(untargeted, 10), 5);
  assert.equal(fabPasses(targeted, 10), 9);
  assert.equal(fabPasses(targeted, 3), 2);
  assert.equal(fabPasses({ ...targeted, restarts: 2 }, 3), 4);
});

test("at radius 0 the images come back as they are", () => {
  for (const norm of ["linf", "l2"] as const) {
    const batch = batchOf(smooth, { epsilon: 0, norm });
    for (const [constants, pass] of [
      [targeted, 1],
      [untargeted, 2],
    ] as const) {
      assert.deepEqual(driven(fab(batch, { ...constants, steps: 5 }, pass)).result, smoothImages);
    }
  }
});
