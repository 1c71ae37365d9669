import assert from "node:assert/strict";
import { test } from "node:test";
import { countCorrect } from "../../src/attacks/outcome.js";
import { predictions } from "../../src/losses/predictions.js";
import { type AnalyticNetwork, inferenceOf, samplesOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { collect, common, everyAttack, fail, labels, planned, withImages } from "../support/evaluations.js";
import { linearImages, linearNetwork, smoothImages, smoothLabels, smoothNetwork } from "../support/golden-networks.js";
import { plainEngine } from "../support/plain-engine.js";
import { everyLayer, waveImages } from "../support/small-networks.js";

test("at radius 0 every attack leaves the clean accuracy", async () => {
  for (const norm of ["linf", "l2"] as const) {
    const [clean, ...others] = await collect({ ...common, attacks: planned(everyAttack, { norm, epsilon: 0 }) });
    for (const { robust, reliability } of others) {
      assert.deepEqual(robust, clean?.robust);
      assert.deepEqual(reliability, []);
    }
  }
});

test("every fooled image lies in the ball and the bounds and is misclassified, and falls once", async () => {
  for (const [norm, epsilon] of [
    ["linf", 0.2],
    ["l2", 2.5],
  ] as const) {
    const { images, outcomes } = await withImages({ ...common, attacks: planned(["pgd5x2"], { norm, epsilon }) });
    assert.equal(images.length, countCorrect(outcomes[0] ?? fail()) - countCorrect(outcomes[1] ?? fail()));
    assert.ok(images.length > 20);
    for (const [index, image] of images) {
      assert.equal(outcomes[1]?.robust[index], 0);
      const [origin, pixels] = [common.samples.images(Uint32Array.of(index)), Float32Array.from(image)];
      assert.notEqual(predictions(common.inference.logits(pixels), 5)[0], labels[index]);
      const distances = image.map((pixel, i) => Math.abs(pixel - (origin[i] ?? 0)));
      assert.ok((norm === "linf" ? Math.max(...distances) : Math.hypot(...distances)) <= epsilon * (1 + 1e-5) + 1e-6);
      assert.ok(image.every((pixel) => pixel >= 0 && pixel <= 1));
    }
  }
});

test("for two linear classes FGSM, PGD, CW and Auto-PGD fool exactly the samples whose margin the radius covers", async () => {
  const epsilon = 0.02;
  const { network, distances } = twoClasses();
  const inference = inferenceOf(network);
  const samples = samplesOf(linearImages, predictions(inference.logits(linearImages), 2));
  const attacks = planned(["fgsm", "pgd5-det", "pgd10x1", "cw5-det", "cw5x1", "apgd-ce", "apgd-dlr", "apgd-t"], {
    epsilon,
  });
  const outcomes = await collect({ ...common, inference, samples, range: [0, 100], attacks });
  const expected = distances.map((distance) => (distance > epsilon ? 1 : 0));
  const near = distances.filter((distance) => Math.abs(distance / epsilon - 1) < 1e-3);
  assert.equal(near.length, 0);
  for (const { robust } of outcomes.slice(1)) assert.deepEqual([...robust], expected);
  assert.ok(expected.includes(0) && expected.includes(1));
});

test("scale and shift of the logits change no outcome of attacks on their differences", async () => {
  const network = linearNetwork({ scale: 1 });
  const moved = { ...network, logits: (image: Float32Array) => network.logits(image).map((logit) => 1000 * logit + 5) };
  const steeper: AnalyticNetwork = {
    ...moved,
    gradient: (image, above) => network.gradient(image, above).map((slope) => 1000 * slope),
  };
  const attacks = planned(
    ["cw5-det", "apgd-dlr", "apgd-t", "fab", "fab-t", "square"],
    {},
    { "cw5-det": { kappa: Infinity } },
  );
  const before = await collect({ ...common, attacks });
  const after = await collect({ ...common, attacks, inference: inferenceOf(steeper) });
  for (const [i, { robust }] of after.entries()) assert.deepEqual(robust, before[i]?.robust);
});

test("with two and with three classes the margin takes the place of ratios that need more, and it is said", async () => {
  for (const classes of [2, 3]) {
    const inference = inferenceOf(firstClasses(classes));
    const samples = samplesOf(linearImages, predictions(inference.logits(linearImages), classes));
    const attacks = planned(["apgd-ce", "apgd-dlr", "apgd-t", "fab-t"], {}, { "fab-t": { steps: 5, targets: 9 } });
    const outcomes = await collect({ ...common, inference, samples, range: [0, 100], attacks });
    const said = outcomes.map(({ reliability }) => reliability.flatMap(({ check, value }) => [check, value]));
    const few = ["few-classes", classes];
    assert.deepEqual(said, [[], [], classes === 2 ? few : [], few, ["few-targets", classes - 1]]);
    assert.deepEqual(
      outcomes.slice(1).map(({ attack }) => attack.loss),
      ["ce", classes === 2 ? "margin" : "dlr", "margin", undefined],
    );
    assert.ok(outcomes.slice(1).every((outcome) => countCorrect(outcome) < 100));
  }
});

test("a huge radius lowers the accuracy of any network", async () => {
  const deep = plainEngine.infer(everyLayer());
  const images = waveImages(12, deep.input);
  const cases = [
    { inference: deep, samples: samplesOf(images, predictions(deep.logits(images), 3)), range: [0, 12] as const },
    { inference: inferenceOf(smoothNetwork), samples: samplesOf(smoothImages, smoothLabels), range: [0, 3] as const },
  ];
  for (const [norm, epsilon] of [
    ["linf", 1],
    ["l2", 50],
  ] as const) {
    for (const network of cases) {
      const [clean, ...others] = await collect({
        ...common,
        ...network,
        attacks: planned(everyAttack, { norm, epsilon }),
      });
      for (const outcome of others) assert.ok(countCorrect(outcome) < countCorrect(clean ?? fail()));
    }
  }
});

test("the network's answer for an image does not depend on its batch", () => {
  const deep = plainEngine.infer(everyLayer());
  const images = waveImages(4, deep.input);
  const size = images.length / 4;
  const alone = [0, 1, 2, 3].flatMap((i) => [...deep.logits(images.subarray(i * size, (i + 1) * size))]);
  assertClose(deep.logits(images), alone, 0);
});

/** The linear network without its last classes. */
function firstClasses(classes: number): AnalyticNetwork {
  const { input, logits, gradient } = linearNetwork({ scale: 1 });
  const padded = (above: Float32Array) => Float32Array.from({ length: 5 }, (_, k) => above[k] ?? 0);
  return {
    input,
    classes,
    logits: (image) => logits(image).slice(0, classes),
    gradient: (image, above) => gradient(image, padded(above)),
  };
}

/** Logits (0, w · v), and the exact L∞ distance of the images of the linear network to its boundary. */
function twoClasses() {
  const weights = Array.from({ length: 192 }, (_, i) => Math.sin(2 + 1.3 * i));
  const score = (image: Float32Array) => image.reduce((sum, pixel, i) => sum + (pixel - 0.5) * (weights[i] ?? 0), 0);
  const network: AnalyticNetwork = {
    input: [8, 8, 3],
    classes: 2,
    logits: (image) => Float64Array.of(0, score(image)),
    gradient: (_, above) => Float64Array.from(weights, (weight) => weight * (above[1] ?? 0)),
  };
  const length = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const distances = Array.from(
    { length: 100 },
    (_, i) => Math.abs(score(linearImages.subarray(192 * i, 192 * (i + 1)))) / length,
  );
  return { network, distances };
}
