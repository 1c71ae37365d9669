import assert from "node:assert/strict";
import { test } from "node:test";
import { brendelBethge, brendelBethgeMinimal, walkBoundary } from "../../src/attacks/brendel-bethge.js";
import { displaceOntoPlane, lengthOf } from "../../src/attacks/hyperplane-projection.js";
import { differenceLength } from "../../src/attacks/perturbation.js";
import { predictions } from "../../src/losses/predictions.js";
import { type AnalyticNetwork, inferenceOf } from "../support/analytic-network.js";
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

const constants = { steps: 200, learningRate: 1e-3, bbRefBatch: 16, noiseDraws: 1000, start: "blended-noise" } as const;

const smooth = { inference: inferenceOf(smoothNetwork), images: smoothImages, labels: smoothLabels };

/** All ones for the first image, all zeros for the others. */
const corners = {
  images: Float32Array.from({ length: 36 }, (_, i) => (i < 12 ? 1 : 0)),
  found: Uint8Array.of(1, 1, 1),
};

for (const [bbRefBatch, ...distances] of [
  [32, [10, 0.04022, 0.02206, 0.12775], [100, 0.04021, 0.02206, 0.12727], [1000, 0.04021, 0.02206, 0.12727]],
  [3, [10, 0.21334, 0.02612, 0.51796], [100, 0.04021, 0.02206, 0.15842], [1000, 0.04021, 0.02206, 0.15725]],
  [1, [10, 0.2167, 0.07385, 0.57352], [100, 0.04277, 0.02206, 0.52694], [1000, 0.04021, 0.02206, 0.23268]],
] as const) {
  test(`the walk from corners finds the published distances, reference batch ${bbRefBatch}`, () => {
    const batch = batchOf(smooth, { epsilon: 0.03, norm: "linf" });
    const walk = (steps: number) =>
      driven(walkBoundary(batch, corners, { ...constants, bbRefBatch, steps, enough: null, halveEvery: 50 })).result;
    assertClose(walk(1).norms, [229 / 1024, 105 / 1024, 631 / 1024], 1e-6);
    for (const [steps, ...expected] of distances) assertClose(walk(steps).norms, expected, 2e-5);
    assert.deepEqual(
      predictions(smooth.inference.logits(walk(10).images), 5).map(isSmoothLabel),
      Int32Array.of(0, 0, 0),
    );
  });
}

function isSmoothLabel(label: number, sample: number): number {
  return label === smoothLabels[sample] ? 1 : 0;
}

test("a tenth of the steps with a halving every five of them ends where the whole walk does", () => {
  const batch = batchOf(smooth, { epsilon: 0.03, norm: "linf" });
  const walk = walkBoundary(batch, corners, { ...constants, bbRefBatch: 32, steps: 100, enough: null });
  assertClose(driven(walk).result.norms, [0.04021, 0.02206, 0.12727], 2e-5);
});

test("for two linear classes the distances are the smallest there are, to a thousandth", () => {
  const samples = 25;
  const network = twoClasses();
  const images = linearImages.slice(0, 192 * samples);
  const inference = inferenceOf(network);
  const logits = inference.logits(images);
  const batch = batchOf({ inference, images, labels: predictions(logits, 2) }, { epsilon: 0.01, norm: "linf" });
  const { norms } = driven(brendelBethgeMinimal(batch, { ...constants, steps: 1000 }, 1)).result;
  const reach = network.gradient(images, Float32Array.of(1, -1)).reduce((sum, value) => sum + Math.abs(value), 0);
  for (const [sample, norm] of norms.entries()) {
    const ratio = (norm * reach) / Math.abs((logits[2 * sample] ?? 0) - (logits[2 * sample + 1] ?? 0));
    assert.ok(ratio >= 1 - 1e-4 && ratio <= 1.002, `${sample}: ${ratio}`);
  }
});

/** The first two classes of the linear network. */
function twoClasses(): AnalyticNetwork {
  const five = linearNetwork({ scale: 1 });
  return {
    ...five,
    classes: 2,
    logits: (image) => five.logits(image).slice(0, 2),
    gradient: (image, above) => five.gradient(image, Float32Array.of(above[0] ?? 0, above[1] ?? 0, 0, 0, 0)),
  };
}

const linear = { inference: inferenceOf(linearNetwork({ scale: 1 })), images: linearImages, labels: linearLabels };

test("for five linear classes they are as near to the smallest as published ones, and as many samples stand", () => {
  const batch = batchOf(linear, { epsilon: 0.01, norm: "linf" });
  const { images, norms } = driven(brendelBethgeMinimal(batch, constants, 1)).result;
  const ratios = linearDistances().map((distance, sample) => (norms[sample] ?? 0) / distance);
  ratios.sort((a, b) => a - b);
  assert.ok((ratios[0] ?? 0) >= 1 - 1e-4);
  assert.ok((ratios[50] ?? 2) <= 1.002 && (ratios[60] ?? 2) <= 1.01 && (ratios[99] ?? 9) <= 3, `${ratios}`);
  const standing = norms.filter((norm) => norm > 0.01).length;
  assert.ok(standing >= 30 && standing <= 40, `${standing}`);
  const predicted = predictions(linear.inference.logits(images), 5);
  assert.ok(predicted.every((label, sample) => label !== linearLabels[sample]));
});

const few = batchOf(
  { ...linear, images: linearImages.slice(0, 20 * 192), labels: linearLabels.slice(0, 20) },
  { epsilon: 0.01, norm: "linf" },
);

test("a sample that is fooled within the radius costs no more gradients, and no other sample's outcome changes", () => {
  const uncut = driven(brendelBethgeMinimal(few, constants, 2));
  const cut = driven(brendelBethge(few, constants, 2));
  const predicted = predictions(few.inference.logits(cut.result), 5);
  for (const [sample, norm] of uncut.result.norms.entries()) {
    const pixels = [192 * sample, 192 * (sample + 1)] as const;
    if (norm <= Math.fround(0.01)) assert.notEqual(predicted[sample], few.labels[sample]);
    else {
      const nearest = uncut.result.images.slice(...pixels).map((pixel, i) => {
        const x = few.images[192 * sample + i] ?? 0;
        return x + Math.min(0.01, Math.max(-0.01, pixel - x));
      });
      assertClose(cut.result.subarray(...pixels), nearest, 1e-7);
    }
  }
  const standing = uncut.result.norms.filter((norm) => norm > Math.fround(0.01)).length;
  assert.ok(standing > 2 && standing < 18);
  assert.equal(total(uncut.calls).gradients, 20 * 200);
  assert.ok(total(cut.calls).gradients < (standing + 0.3 * (20 - standing)) * 200);
  assert.ok(cut.result.every((pixel, i) => Math.abs(pixel - (few.images[i] ?? 0)) <= 0.01 + 1e-7));
});

test("results do not depend on the batch", () => {
  const options = { ...constants, steps: 40 };
  const whole = driven(brendelBethge(few, options, 1)).result;
  const apart = [...few.labels.keys()].map((sample) => driven(brendelBethge(alone(few, sample), options, 1)).result);
  assert.deepEqual(
    apart.flatMap((images) => [...images]),
    [...whole],
  );
});

test("more steps find no larger distance", () => {
  const norms = [1, 5, 20].map((steps) => {
    const options = { ...constants, steps, enough: null, halveEvery: 10 };
    return driven(walkBoundary(batchOf(smooth, { epsilon: 0.03, norm: "linf" }), corners, options)).result.norms;
  });
  for (const sample of [0, 1, 2]) {
    assert.ok(
      (norms[2]?.[sample] ?? 9) <= (norms[1]?.[sample] ?? 0) && (norms[1]?.[sample] ?? 9) <= (norms[0]?.[sample] ?? 0),
    );
  }
});

/** Distances that Foolbox's L2 walk from the corners finds in as many steps, and how much longer ours may be. */
for (const [steps, expected, slack] of [
  [1, [0.51417, 0.90966, 1.70022], 2e-5],
  [20, [0.47919, 0.87371, 1.66499], 2e-5],
  [100, [0.2443, 0.62229, 1.41972], 0.04],
  [400, [0.12299, 0.04724, 0.46402], 0.03],
] as const) {
  test(`the walk in L2 is as near after ${steps} steps as Foolbox's`, () => {
    const batch = batchOf(smooth, { epsilon: 0.03, norm: "l2" });
    const walk = walkBoundary(batch, corners, { ...constants, bbRefBatch: 3, steps, enough: null });
    const { norms } = driven(walk).result;
    assertClose(norms.subarray(0, 2), expected.slice(0, 2), 2e-5);
    assertClose(norms.subarray(2), expected.slice(2), slack);
  });
}

for (const norm of ["l2", "l1"] as const) {
  test(`for two linear classes the distances in ${norm} are the smallest there are in the box`, () => {
    const samples = 12;
    const network = twoClasses();
    const images = linearImages.slice(0, 192 * samples);
    const inference = inferenceOf(network);
    const logits = inference.logits(images);
    const batch = batchOf({ inference, images, labels: predictions(logits, 2) }, { epsilon: 0.01, norm });
    const { norms } = driven(brendelBethgeMinimal(batch, { ...constants, steps: 600 }, 1)).result;
    const normal = Float32Array.from(network.gradient(images, Float32Array.of(1, -1)));
    for (const [sample, found] of norms.entries()) {
      const way = new Float64Array(192);
      const point = images.subarray(192 * sample, 192 * (sample + 1));
      const excess = (logits[2 * sample] ?? 0) - (logits[2 * sample + 1] ?? 0);
      displaceOntoPlane(way, { point, normal, excess, norm, bounds: [0, 1] });
      const ratio = found / lengthOf(way, norm);
      assert.ok(ratio >= 1 - 1e-3 && ratio <= (norm === "l2" ? 1.005 : 1.05), `${sample}: ${ratio}`);
    }
  });

  test(`what is longer than the radius comes back scaled to it in ${norm}`, () => {
    const epsilon = norm === "l2" ? 0.05 : 0.2;
    const batch = { ...few, threat: { ...few.threat, norm, epsilon } };
    const options = { ...constants, steps: 30 };
    const [uncut, cut] = [driven(brendelBethgeMinimal(batch, options, 1)), driven(brendelBethge(batch, options, 1))];
    let scaled = 0;
    for (const [sample, length] of uncut.result.norms.entries()) {
      const pixels = [192 * sample, 192 * (sample + 1)] as const;
      const [found, origin] = [cut.result.subarray(...pixels), few.images.subarray(...pixels)];
      assert.ok(differenceLength(found, origin, norm) <= epsilon * (1 + 1e-5));
      if (length <= Math.fround(epsilon)) continue;
      scaled++;
      const nearest = uncut.result.images.subarray(...pixels);
      const expected = origin.map((pixel, i) => pixel + ((nearest[i] ?? 0) - pixel) * (epsilon / length));
      assertClose(found, expected, 1e-6);
    }
    assert.ok(scaled > 2 && scaled < 20, `${scaled}`);
  });
}

test("at radius 0 the images come back as they are", () => {
  const { result } = driven(
    brendelBethge({ ...few, threat: { ...few.threat, epsilon: 0 } }, { ...constants, steps: 3 }, 1),
  );
  assert.deepEqual(result, few.images);
});
