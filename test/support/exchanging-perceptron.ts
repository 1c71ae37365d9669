/** A sparse perceptron of two layers under an update that exchanges connections, watched step by step. */
import assert from "node:assert/strict";
import { stream } from "../../src/core/rng.js";
import type { Engine, Training } from "../../src/engines/engine.js";
import { weightLayers } from "../../src/models/shapes.js";
import { type Budget, budgetOf, type Kernel } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Update, UpdateResult } from "../../src/training/update.js";
import { perceptron, vectorSamples } from "./toy-training.js";

const INPUTS = 10;
const CLASSES = 3;

export interface ExchangingPerceptron {
  readonly engine: Engine;
  readonly mode: "set" | "rigl" | "flying-bird";
  /** Units of the first layer. */
  readonly units: number;
  readonly density: number;
  readonly steps: number;
  readonly update: (of: { readonly kernels: readonly Kernel[]; readonly budget: Budget }) => Update;
}

export interface SeenStep {
  readonly training: Training;
  /** Connections of the first layer before the step. */
  readonly before: Uint32Array;
  /** Of every position of it, in the steps that ask for it. */
  readonly gradient: Float32Array | null;
  readonly result: UpdateResult;
  readonly step: number;
}

export function watchExchanges(options: ExchangingPerceptron, see: (seen: SeenStep) => void): void {
  const { engine, mode, units, density, steps } = options;
  const graph = perceptron([units, CLASSES]);
  const input = [1, 1, INPUTS] as const;
  const kernels = weightLayers(graph, input);
  const budget = budgetOf({ density }, kernels);
  const choice = { mode, budget, initialDensity: () => density, excess: "rescale", seed: 1 } as const;
  const { network, rules } = initialNetwork({ graph, input, classes: CLASSES, ...choice });
  const training = engine.train(network, { rules });
  const update = options.update({ kernels, budget });
  const objective = naturalObjective();
  for (let step = 0; step < steps; step++) {
    const before = training.connections(0);
    update.prepare?.({ training, step });
    const batch = { ...batchAt(step), training, bounds: [0, 1], seed: 1, step } as const;
    const calls = objective.accumulate(batch);
    while (!calls.next().done);
    const collected = training.gradient("fc1.weight");
    const gradient = collected.length === INPUTS * units ? collected : null;
    const moves = update.apply({ training, step, rates: { learningRate: 0.1, weightDecay: 5e-4 } });
    let move = moves.next();
    while (!move.done) move = moves.next();
    see({ training, before, gradient, result: move.value, step });
  }
  training.dispose();
}

/** Positions of the first layer that have come since: they must have weight 0 and no momentum. */
export function assertNew(training: Training, before: Uint32Array): readonly number[] {
  const grown = [...training.connections(0)].filter((position) => !before.includes(position));
  const tensor = training.tensors().get("fc1.weight");
  const momentum = training.state().get("fc1.weight.momentum")?.values ?? [];
  assert.ok(tensor?.type === "connections");
  for (const position of grown) {
    const place = tensor.index.indexOf(position);
    assert.deepEqual([tensor.values[place], momentum[place]], [0, 0]);
  }
  return grown;
}

function batchAt(step: number) {
  const rows = new Float32Array(8 * INPUTS);
  stream(step, "score").fillNormal(rows, 1);
  const labels = Uint8Array.from({ length: 8 }, (_, i) => (i + step) % CLASSES);
  const { read } = vectorSamples(rows, labels);
  return { images: read(Uint32Array.from(labels.keys())), labels };
}
