/** Small training runs on made-up data, for the learning checks of the method. */
import type { Engine, Training } from "../../src/engines/engine.js";
import type { Graph } from "../../src/models/graph.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { type ConnectivityMode, initialNetwork } from "../../src/sparsity/initial.js";
import { initialCounts } from "../../src/sparsity/layer-counts.js";
import { connectionExchange } from "../../src/training/connection-exchange.js";
import { connectivitySampling } from "../../src/training/connectivity-sampling.js";
import { DEEP_REWIRING_NOISE, deepRewiring } from "../../src/training/deep-rewiring.js";
import type { Objective } from "../../src/training/objectives/objective.js";
import type { Samples } from "../../src/training/samples.js";
import { stepSchedule } from "../../src/training/schedule.js";
import type { Selection } from "../../src/training/selection.js";
import { train } from "../../src/training/trainer.js";
import type { TrainerHooks } from "../../src/training/trainer-hooks.js";
import { plainUpdate, type Update, type UpdateResult } from "../../src/training/update.js";

export interface ToyOptions {
  readonly engine: Engine;
  readonly graph: Graph;
  readonly data: Samples;
  readonly classes: number;
  readonly mode: ConnectivityMode;
  readonly density: number;
  readonly initialDensity: (name: string, p: number) => number;
  readonly excess?: "keep" | "rescale";
  readonly objective: Objective;
  readonly steps: number;
  readonly batchSize?: number;
  readonly bounds: readonly [number, number];
  readonly seed: number;
  /** Sees the network after every update. */
  readonly watch?: (training: Training, result: UpdateResult, step: number) => void;
  readonly hooks?: Partial<TrainerHooks>;
}

/** eta 0.1, lambda 5e-4, mu 0.9, sigma 1e-6 (deep rewiring: its own), steps at half and three quarters; nothing is selected. The caller disposes. */
export async function trainToy(options: ToyOptions): Promise<Training> {
  const { engine, data, steps, bounds, seed, objective, batchSize = 128 } = options;
  const { network, rules, update } = toyNetwork(options);
  const training = engine.train(network, { rules });
  const perEpoch = Math.floor(data.size / batchSize);
  const epochs = Math.ceil(steps / perEpoch);
  const watch = options.watch ?? (() => {});
  const weightDecay = options.mode === "deep-rewiring" ? 0 : 5e-4;
  await train({
    ...{ training, phase: "train", objective, samples: data, augment: null, batchSize, remainder: "drop" },
    ...{ epochs, stopAfter: steps, bounds, seed, logEvery: null, saveEvery: Number.POSITIVE_INFINITY, resume: null },
    update: watched(update, watch),
    schedule: stepSchedule({ learningRate: 0.1, weightDecay, epochs: 1, stepsPerEpoch: steps }),
    selection: { rule: "last", split: "test", samples: noSamples(data), attack: null },
    hooks: { ...silent, ...options.hooks },
  });
  return training;
}

/** The network at the start, how its layers are trained, and what follows the gradients. */
export function toyNetwork(options: Omit<ToyOptions, "engine">) {
  const { graph, data, classes, mode, density, seed, excess = "rescale" } = options;
  const kernels = weightLayers(graph, data.shape);
  const budget = budgetOf({ density }, kernels);
  const initialDensity = ({ name }: { name: string }, p: number) => options.initialDensity(name, p);
  const shape = { graph, input: data.shape, classes };
  const initial = initialNetwork({ ...shape, mode, budget, initialDensity, excess, seed });
  const noise = { noiseScaling: 1e-6, noiseMode: "code", split: "size", resetMomentum: false } as const;
  const sampling = { kernels, budget, seed, momentum: 0.9, ...noise };
  const exchange = { ...sampling, every: 100, fraction: 0.3, end: 0.75 * options.steps };
  const targets = initialCounts({ kernels, budget, initialDensity, excess });
  const updates: Readonly<Partial<Record<ConnectivityMode, () => Update>>> = {
    bayes: () => connectivitySampling(sampling),
    "deep-rewiring": () =>
      deepRewiring({ ...sampling, momentum: 0, noiseScaling: DEEP_REWIRING_NOISE, split: { weights: [...targets] } }),
    set: () => connectionExchange({ ...exchange, grow: "random" }),
    rigl: () => connectionExchange({ ...exchange, grow: "gradient" }),
  };
  const update = updates[mode]?.() ?? plainUpdate("sgdw", 0.9);
  return { ...initial, update, kernels, budget };
}

/** A perceptron: flat inputs, ReLU between dense layers `fc1`, `fc2`, … of these widths. */
export function perceptron(widths: readonly number[]): Graph {
  const graph: Graph[number][] = [{ name: "flatten", op: "flatten", inputs: ["input"], order: "chw" }];
  for (const [i, units] of widths.entries()) {
    const from = graph.at(-1)?.name ?? "input";
    graph.push({ name: `fc${i + 1}`, op: "dense", inputs: [from], units, bias: true, rewire: true });
    if (i < widths.length - 1) graph.push({ name: `relu${i + 1}`, op: "relu", inputs: [`fc${i + 1}`] });
  }
  return graph;
}

/** Rows [size, inputs] as samples of shape [1, 1, inputs]. */
export function vectorSamples(rows: Float32Array, labels: Uint8Array): Samples {
  const inputs = rows.length / labels.length;
  return {
    size: labels.length,
    shape: [1, 1, inputs],
    labels,
    read(indices) {
      const read = new Float32Array(indices.length * inputs);
      for (const [i, index] of indices.entries())
        read.set(rows.subarray(index * inputs, (index + 1) * inputs), i * inputs);
      return read;
    },
  };
}

/** Samples that judge nothing and cost nothing. */
function noSamples({ shape }: Samples): Selection["samples"] {
  return { size: 1, shape, labels: Uint8Array.of(0), read: () => new Float32Array(shape[0] * shape[1] * shape[2]) };
}

function watched(update: Update, watch: NonNullable<ToyOptions["watch"]>): Update {
  return {
    prepare: (moment) => update.prepare?.(moment),
    *apply(moment) {
      const result = yield* update.apply(moment);
      watch(moment.training, result, moment.step);
      return result;
    },
    state: () => update.state(),
  };
}

const silent: TrainerHooks = {
  emit() {},
  stop: () => null,
  saveBest: async () => {},
  saveState: async () => {},
  progress() {},
};
