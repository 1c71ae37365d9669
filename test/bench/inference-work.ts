/** Work on a network with constant parameters: a forward pass, or a step of PGD. */
import { stream } from "../../src/core/rng.js";
import type { Inference } from "../../src/engines/engine.js";
import { nativeEngine, takeTimes } from "../../src/engines/native.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import type { LayerTime } from "./child.js";
import { BALL, BOUNDS, CLASSES, INPUT, keyOf, layersOf, networkOf, PASSES } from "./subject.js";
import type { Prepared, WorkRequest } from "./worker.js";

/** A forward pass and a step of one network share it. */
const inferences = new Map<string, Inference>();

export function inferenceWork({ subject, work, batch, threads }: WorkRequest): Prepared {
  const images = new Float32Array(batch * INPUT[0] * INPUT[1] * INPUT[2]);
  stream(1, "start").fillUniform(images, 0, 1);
  const labels = Uint8Array.from({ length: batch }, (_, i) => i % CLASSES);
  const key = `${keyOf(subject)} ${threads}`;
  const known = inferences.get(key);
  const inference = known ?? nativeEngine({ threads, reason: "benchmark" }).infer(networkOf(subject).network);
  inferences.set(key, inference);
  const layers = layersOf(subject).map((layer) => ({ ...layer, operations: layer.operations * PASSES[work] * batch }));
  const timed = () => timesOf(inference, layers);
  if (work === "forward") return { run: () => inference.logits(images), takeTimes: timed };
  const ascent = inference.ascend({
    ...{ images, origin: images, norm: "linf", ...BALL, bounds: BOUNDS },
    lossGradient: (logits) => crossEntropy(logits, labels, CLASSES).gradient,
  });
  return { run: () => ascent.advance(1), takeTimes: timed };
}

function timesOf(inference: Inference, layers: readonly Omit<LayerTime, "seconds">[]) {
  const steps = takeTimes(inference);
  const sum = (isConvolution: boolean) =>
    steps.filter((step) => step.isConvolution === isConvolution).reduce((total, { seconds }) => total + seconds, 0);
  const secondsIn = new Map(steps.map(({ layer, seconds }) => [layer, seconds]));
  return {
    convolutions: sum(true),
    others: sum(false),
    layers: layers.map((layer) => ({ ...layer, seconds: secondsIn.get(layer.name) ?? Number.NaN })),
  };
}
