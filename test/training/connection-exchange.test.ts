import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import type { Engine, Training } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";
import { connectionExchange } from "../../src/training/connection-exchange.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { UpdateResult } from "../../src/training/update.js";
import { plainEngine } from "../support/plain-engine.js";
import { perceptron, vectorSamples } from "../support/toy-training.js";

const EVERY = 5;
const END = 30;
const STEPS = 40;

for (const [name, engine] of [
  ["plain", plainEngine],
  ["native", nativeEngine({ reason: "tests", threads: 2 })],
] satisfies [string, Engine][]) {
  for (const grow of ["random", "gradient"] as const) {
    test(`connections are exchanged (${grow}, ${name}) every ${EVERY} steps up to ${END}, each layer keeping its number`, () => {
      const exchanged: number[] = [];
      run({ engine, grow }, ({ training, before, result, step }) => {
        const after = training.connections(0);
        const grown = [...after].filter((position) => !before.includes(position));
        assert.deepEqual([...result.connections], [before.length, training.connections(1).length]);
        assert.equal(after.length, before.length);
        if (step > 0 && step % EVERY === 0 && step <= END) exchanged.push(result.reconnected);
        else assert.deepEqual([result.reconnected, grown.length], [0, 0]);
        assertNew(training, grown);
      });
      assert.equal(exchanged.length, END / EVERY);
      assert.ok((exchanged[0] ?? 0) > (exchanged.at(-2) ?? 0), String(exchanged));
      assert.equal(exchanged.at(-1), 0, "at the end the share has fallen to 0");
    });
  }
}

test("where the loss wants a connection most, one comes", () => {
  run({ engine: plainEngine, grow: "gradient" }, ({ training, before, gradient, step }) => {
    const after = training.connections(0);
    const grown = [...after].filter((position) => !before.includes(position));
    if (step !== EVERY) return;
    const size = (position: number) => Math.abs(gradient?.[position] ?? 0);
    const absent = Array.from({ length: 60 }, (_, position) => position).filter((i) => !after.includes(i));
    // What has just gone may not come back unless its gradient is as large.
    assert.ok(grown.length > 0);
    assert.ok(Math.min(...grown.map(size)) >= Math.max(...absent.map(size)));
  });
});

/** What has come has weight 0 and no momentum. */
function assertNew(training: Training, grown: readonly number[]): void {
  const tensor = training.tensors().get("fc1.weight");
  const momentum = training.state().get("fc1.weight.momentum")?.values ?? [];
  assert.ok(tensor?.type === "connections");
  for (const position of grown) {
    const place = tensor.index.indexOf(position);
    assert.equal(tensor.values[place], 0);
    assert.equal(momentum[place], 0);
  }
}

interface Seen {
  readonly training: Training;
  /** Connections of the first layer before the step. */
  readonly before: Uint32Array;
  /** Of every position of it, in the steps that ask for it. */
  readonly gradient: Float32Array | null;
  readonly result: UpdateResult;
  readonly step: number;
}

function run({ engine, grow }: { engine: Engine; grow: "random" | "gradient" }, see: (seen: Seen) => void): void {
  const graph = perceptron([6, 3]);
  const input = [1, 1, 10] as const;
  const kernels = weightLayers(graph, input);
  const budget = budgetOf({ density: 0.5 }, kernels);
  const mode = grow === "random" ? "set" : "rigl";
  const choice = { mode, budget, initialDensity: () => 0.5, excess: "rescale", seed: 1 } as const;
  const { network, rules } = initialNetwork({ graph, input, classes: 3, ...choice });
  const training = engine.train(network, { rules });
  const update = connectionExchange({
    ...{ kernels, budget, seed: 1, momentum: 0.9, grow },
    ...{ every: EVERY, fraction: 0.5, end: END },
  });
  const objective = naturalObjective();
  for (let step = 0; step < STEPS; step++) {
    const before = training.connections(0);
    update.prepare?.({ training, step });
    const batch = { ...batchAt(step), training, bounds: [0, 1], seed: 1, step } as const;
    const calls = objective.accumulate(batch);
    while (!calls.next().done);
    const collected = training.gradient("fc1.weight");
    const gradient = collected.length === 60 ? collected : null;
    assert.equal(gradient !== null, grow === "gradient" && step > 0 && step % EVERY === 0 && step <= END);
    const moves = update.apply({ training, step, rates: { learningRate: 0.1, weightDecay: 5e-4 } });
    let move = moves.next();
    while (!move.done) move = moves.next();
    see({ training, before, gradient, result: move.value, step });
  }
  training.dispose();
}

function batchAt(step: number) {
  const rows = new Float32Array(8 * 10);
  stream(step, "score").fillNormal(rows, 1);
  const labels = Uint8Array.from({ length: 8 }, (_, i) => (i + step) % 3);
  const { read } = vectorSamples(rows, labels);
  return { images: read(Uint32Array.from(labels.keys())), labels };
}
