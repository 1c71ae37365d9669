/**
 * A task on which natural training is fooled and robust training is not: one strong input that an attack cannot flip unless it
 * is the only one used, against 49 weak ones that an attack of 0.6 turns around. Labels y, s = 2y - 1; x_1 = s with
 * probability 0.95, else -s; x_2 … x_50 ~ N(0.3 s, 1).
 */
import { stream } from "../../src/core/rng.js";
import type { Inference } from "../../src/engines/engine.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { predictions } from "../../src/losses/predictions.js";
import type { Graph } from "../../src/models/graph.js";
import type { InnerAttack } from "../../src/training/objectives/objective.js";
import type { Samples } from "../../src/training/samples.js";

export const toyInputs = 50;
export const toyBounds = [-10, 10] as const;
export const toyAttack: InnerAttack = { epsilon: 0.6, stepSize: 0.15, steps: 10 };

export function robustToy(seed: number, size: number, part: "train" | "test"): Samples {
  const inputs = new Float32Array(size * toyInputs);
  const labels = new Uint8Array(size);
  const draws = stream(seed, "order", part === "train" ? 1000 : 1001);
  for (let i = 0; i < size; i++) {
    labels[i] = draws.integer(2);
    const sign = 2 * (labels[i] ?? 0) - 1;
    inputs[i * toyInputs] = draws.uniform() < 0.95 ? sign : -sign;
    for (let j = 1; j < toyInputs; j++) inputs[i * toyInputs + j] = 0.3 * sign + draws.normal();
  }
  const read = (indices: Uint32Array) => {
    const batch = new Float32Array(indices.length * toyInputs);
    for (const [row, i] of indices.entries())
      batch.set(inputs.subarray(i * toyInputs, (i + 1) * toyInputs), row * toyInputs);
    return batch;
  };
  return { size, shape: [1, 1, toyInputs], labels, read };
}

/** 50 inputs, one hidden layer with ReLU, two classes. */
export function toyGraph(hidden: number): Graph {
  return [
    { name: "flatten", op: "flatten", inputs: ["input"], order: "chw" },
    { name: "dense1", op: "dense", inputs: ["flatten"], units: hidden, bias: true, rewire: true },
    { name: "relu1", op: "relu", inputs: ["dense1"] },
    { name: "dense2", op: "dense", inputs: ["relu1"], units: 2, bias: true, rewire: true },
  ];
}

/** Share of samples that stay right under 50 steps of PGD from one uniform start. */
export function toyRobustAccuracy(inference: Inference, samples: Samples): number {
  const { images: origin, labels } = all(samples);
  const { epsilon } = toyAttack;
  const start = new Float32Array(origin.length);
  stream(1, "pgd").fillUniform(start, -epsilon, epsilon);
  const lossGradient = (logits: Float32Array) => crossEntropy(logits, labels, 2).gradient;
  const images = origin.map((value, i) => value + (start[i] ?? 0));
  const problem = {
    images,
    origin,
    lossGradient,
    norm: "linf",
    epsilon,
    stepSize: (2.5 * epsilon) / 50,
    bounds: toyBounds,
  } as const;
  const ascent = inference.ascend(problem);
  ascent.advance(50);
  const attacked = ascent.images();
  ascent.dispose();
  return accuracy(inference, attacked, labels);
}

export function toyCleanAccuracy(inference: Inference, samples: Samples): number {
  const { images, labels } = all(samples);
  return accuracy(inference, images, labels);
}

function accuracy(inference: Inference, images: Float32Array, labels: Uint8Array): number {
  const predicted = predictions(inference.logits(images), 2);
  return labels.reduce((sum, label, i) => sum + (predicted[i] === label ? 1 : 0), 0) / labels.length;
}

function all(samples: Samples): { images: Float32Array; labels: Uint8Array } {
  return { images: samples.read(Uint32Array.from({ length: samples.size }, (_, i) => i)), labels: samples.labels };
}
