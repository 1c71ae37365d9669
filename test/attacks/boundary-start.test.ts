import assert from "node:assert/strict";
import { test } from "node:test";
import { boundaryStarts } from "../../src/attacks/boundary-start.js";
import { brendelBethge, brendelBethgeMinimal } from "../../src/attacks/brendel-bethge.js";
import { stream } from "../../src/core/rng.js";
import { predictions } from "../../src/losses/predictions.js";
import { type AnalyticNetwork, inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { alone, batchOf, driven, total } from "../support/attack-batches.js";
import { linearImages, linearLabels, linearNetwork } from "../support/golden-networks.js";

const noise = { start: "blended-noise", noiseDraws: 1000 } as const;
const constants = { ...noise, steps: 5, learningRate: 1e-3, bbRefBatch: 16 };

const inference = inferenceOf(linearNetwork({ scale: 1 }));
const linear = batchOf(
  { inference, images: linearImages.slice(0, 20 * 192), labels: linearLabels.slice(0, 20) },
  { epsilon: 0.01, norm: "linf" },
);

test("a start is the least misclassified blend of the image with the first misclassified noise", () => {
  const { images, found } = driven(boundaryStarts(linear, { ...noise, pass: 3 })).result;
  assert.ok(found.every((flag) => flag === 1));
  const predict = (image: Float32Array) => predictions(inference.logits(image), 5)[0];
  for (const [sample, label] of linear.labels.entries()) {
    const [clean, start] = [linear.images, images].map((all) => all.slice(192 * sample, 192 * (sample + 1)));
    assert.ok(clean !== undefined && start !== undefined);
    const pixels = new Float32Array(192);
    for (let draw = 0; draw === 0 || predict(pixels) === label; draw++) {
      stream(1, "bb", 3, sample, draw).fillUniform(pixels, 0, 1);
    }
    const blend = (thousandth: number) =>
      clean.map((x, i) => (1 - thousandth / 1000) * x + (thousandth / 1000) * (pixels[i] ?? 0));
    const least = Array.from({ length: 1001 }, (_, c) => c).find((c) => predict(blend(c)) !== label) ?? -1;
    assertClose(start, blend(least), 1e-7);
  }
});

test("starts do not depend on the batch", () => {
  const whole = driven(boundaryStarts(linear, { ...noise, pass: 1 })).result.images;
  const apart = [...linear.labels.keys()].map(
    (sample) => driven(boundaryStarts(alone(linear, sample), { ...noise, pass: 1 })).result.images,
  );
  assert.deepEqual(
    apart.flatMap((images) => [...images]),
    [...whole],
  );
});

/** Class 1 is where the pixels are above 0.9 on average: no noise image gets there. */
const corner: AnalyticNetwork = {
  input: [8, 8, 3],
  classes: 2,
  logits: (image) => Float64Array.of(0.9, image.reduce((sum, pixel) => sum + pixel, 0) / 192),
  gradient: (_, above) => new Float64Array(192).fill((above[1] ?? 0) / 192),
};

const dark = batchOf(
  { inference: inferenceOf(corner), images: linearImages.slice(0, 384), labels: Int32Array.of(0, 0) },
  { epsilon: 0.01, norm: "linf" },
);

test("where no noise is misclassified, the first misclassified image of another label serves", () => {
  const others = {
    images: Float32Array.from({ length: 4 * 192 }, (_, i) => [1, 0, 0.95, 1][Math.floor(i / 192)] ?? 0),
    labels: [0, 1, 1, 1],
  };
  const run = driven(boundaryStarts(dark, { ...noise, pass: 1, noiseDraws: 6, others }));
  assertClose(run.result.images, new Float32Array(384).fill(0.95), 1e-7);
  assert.deepEqual([...run.result.found], [1, 1]);
  // As they are; six noise images; the second and third of the others that have another label.
  assert.deepEqual(total(run.calls), { forwards: 2 + 2 * 6 + 2 * 2, gradients: 0 });
});

test("where no image serves either, PGD over the whole range does", () => {
  const run = driven(boundaryStarts(dark, { ...noise, pass: 1, noiseDraws: 6 }));
  assert.deepEqual([...run.result.found], [1, 1]);
  assert.deepEqual(predictions(dark.inference.logits(run.result.images), 2), Int32Array.of(1, 1));
  assert.deepEqual(total(run.calls), { forwards: 2 + 12 + 2, gradients: 100 });
});

test("a search that begins at PGD asks for no noise and no images", () => {
  const others = { images: new Float32Array(192).fill(1), labels: [1] };
  const run = driven(boundaryStarts(dark, { ...noise, start: "pgd", pass: 1, others }));
  assert.deepEqual(total(run.calls), { forwards: 2 + 2, gradients: 100 });
  const images = driven(boundaryStarts(dark, { ...noise, start: "images", pass: 1, others }));
  assert.deepEqual(total(images.calls), { forwards: 2 + 2, gradients: 0 });
  assert.ok(images.result.images.every((pixel) => pixel === 1));
});

test("a sample without a start keeps its image and an infinite norm", () => {
  const constant = { ...corner, logits: () => Float64Array.of(1, 0), gradient: () => new Float64Array(192) };
  const batch = { ...dark, inference: inferenceOf(constant) };
  const { images, norms } = driven(brendelBethgeMinimal(batch, { ...constants, noiseDraws: 4 }, 1)).result;
  assert.deepEqual(images, dark.images);
  assert.deepEqual([...norms], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  assert.deepEqual(driven(brendelBethge(batch, { ...constants, noiseDraws: 4 }, 1)).result, dark.images);
});

test("a sample that is wrong as it is has norm 0 and costs one forward", () => {
  const batch = { ...dark, labels: Int32Array.of(1, 1) };
  const run = driven(brendelBethgeMinimal(batch, constants, 1));
  assert.deepEqual([...run.result.norms], [0, 0]);
  assert.deepEqual(total(run.calls), { forwards: 2, gradients: 0 });
});
