import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "../../src/core/rng.js";
import type { StateTensor } from "../../src/engines/engine.js";
import type { Network } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { magnitudeMasks } from "../../src/pruning/magnitude.js";
import { maskChange } from "../../src/pruning/mask.js";
import { masksOf } from "../../src/pruning/masked-network.js";
import { type PipelineOptions, runPipeline, type StageMoment } from "../../src/pruning/pipeline.js";
import type { PruningMethod, StageName } from "../../src/pruning/stage.js";
import type { StageArrays } from "../../src/pruning/stage-arrays.js";
import { tradesObjective } from "../../src/training/objectives/trades.js";
import type { Samples } from "../../src/training/samples.js";
import type { TrainerRecord } from "../../src/training/trainer-records.js";
import { plainEngine } from "../support/plain-engine.js";
import { imageBatch, smallConvolution } from "../support/pruning-network.js";

const start = smallConvolution();
const stages = ["pretrain", "prune", "finetune"] as const;
/** 20 images in batches of 8: three steps an epoch, the last one short. */
const samples = pictures(20);
const stepsAnEpoch = 3;

interface Ended {
  readonly stopped: string | null;
  readonly networks: Map<StageName, Network>;
  readonly moments: StageMoment[];
  readonly records: TrainerRecord[];
}

/** Runs the pipeline; `stopAt` asks it to stop once so many steps of all stages are done. */
async function run(options: Partial<PipelineOptions> & { stopAt?: number } = {}): Promise<Ended> {
  const ended: Ended = { stopped: null, networks: new Map(), moments: [], records: [] };
  let steps = 0;
  const optimizer = { epochs: 2, schedule: "cosine", learningRate: 0.05, weightDecay: 1e-4, momentum: 0.9 } as const;
  const attack = { epsilon: 0.1, stepSize: 0.05, steps: 2 };
  const statistics = { updates: "hydra", variance: "unbiased" } as const;
  const selection = { rule: "val-clean", split: "train", samples: pictures(6), attack: null } as const;
  const stopped = await runPipeline({
    engine: plainEngine,
    kept: keptCounts(weightLayers(start.graph, start.input), { density: 0.3 }),
    admm: { rho: 0.1, rhoGrowth: 1.3, cycles: 3 },
    ...{ from: "last", reestimateBatches: 0, variance: "biased" },
    scoreStart: "scaled",
    freezeBatchNorm: false,
    seed: 1,
    method: "hydra",
    stages,
    network: start,
    optimizers: { pretrain: optimizer, prune: optimizer, finetune: optimizer },
    loop: {
      objective: tradesObjective({ attack, beta: 6, statistics }),
      samples,
      augment: null,
      batchSize: 8,
      selection,
      bounds: [0, 1],
      logEvery: null,
      saveEvery: 1e9,
    },
    resume: null,
    hooks: {
      emit: (record) => ended.records.push(record),
      stop: () => (steps >= (options.stopAt ?? Number.POSITIVE_INFINITY) ? "SIGINT" : null),
      saveBest: async () => {},
      saveState: async (moment) => {
        ended.moments.push(copied(moment));
      },
      bestOf: async () => assert.fail("nobody starts from the best"),
      stageDone: async (stage, network) => {
        ended.networks.set(stage, network);
      },
      progress: () => steps++,
    },
    ...options,
  });
  return { ...ended, stopped };
}

test("a run stopped at any step of any stage and resumed ends in the same networks as one never stopped", async () => {
  for (const method of ["hydra", "admm"] as const) await stopAndGoOn(method);
});

async function stopAndGoOn(method: PruningMethod): Promise<void> {
  const unbroken = await run({ method });
  assert.equal(unbroken.stopped, null);
  for (const stopAt of [0, 2, 6, 8, 9, 12, 13, 17]) {
    const broken = await run({ method, stopAt });
    assert.equal(broken.stopped, "SIGINT", `at step ${stopAt}`);
    const moment = broken.moments.at(-1);
    assert.ok(moment);
    const { stage, network, arrays, state } = moment;
    const rest = stages.slice(stages.indexOf(stage));
    const resumed = await run({ method, stages: rest, network, resume: { arrays, state } });
    for (const [name, ended] of resumed.networks)
      assert.deepEqual(ended.tensors, unbroken.networks.get(name)?.tensors, `${method}: ${name}, stopped at ${stopAt}`);
    assert.ok(resumed.networks.has("finetune"));
  }
}

test("every stage trains on all images of an epoch, in as many steps as it takes, and says its phase", async () => {
  const { records, moments } = await run();
  const epochs = records.filter((record) => record.type === "train.epoch");
  assert.deepEqual(
    epochs.map(({ phase, epoch }) => `${phase} ${epoch}`),
    stages.flatMap((stage) => [`${stage} 1`, `${stage} 2`]),
  );
  assert.ok(epochs.every(({ step, epoch }) => step === epoch * stepsAnEpoch));
  const last = moments.filter(({ state }) => state.epoch === 2);
  assert.ok(last.every(({ state }) => state.imageSteps === 2 * samples.size));
});

test("a prune stage that learns its mask tells how far it has come from the first", async () => {
  const common = { epochs: 2, schedule: "cosine", weightDecay: 0, momentum: 0.9 } as const;
  const [slow, fast] = [0.05, 5].map((learningRate) => ({ ...common, learningRate }));
  assert.ok(slow && fast);
  const { records, networks } = await run({ optimizers: { pretrain: slow, prune: fast, finetune: slow } });
  const epochs = records.filter((record) => record.type === "train.epoch");
  const told = epochs.map((record) => ("maskDistance" in record ? record.maskDistance : null));
  const [dense, pruned] = [networks.get("pretrain"), networks.get("prune")];
  assert.ok(dense && pruned);
  const kept = keptCounts(weightLayers(start.graph, start.input), { density: 0.3 });
  const last = masksOf(pruned);
  const distance = [...magnitudeMasks(dense, kept)].reduce((sum, [name, first]) => {
    const { drop, grow } = maskChange(first, last.get(name) ?? first);
    return sum + drop.length + grow.length;
  }, 0);
  assert.ok(distance > 0);
  assert.deepEqual([told[0], told[1], told[3], told[4], told[5]], [null, null, distance, null, null]);
});

test("each stage begins with empty momentum", async () => {
  const { moments } = await run();
  const beginnings = moments.filter(({ state }) => state.step === 0);
  assert.deepEqual(
    beginnings.map(({ stage }) => stage),
    stages,
  );
  for (const { arrays } of beginnings) {
    const momenta = [...arrays.engine, ...arrays.update].filter(([name]) => name.endsWith("momentum"));
    assert.ok(momenta.every(([, { values }]) => values.every((value) => value === 0)));
  }
});

test("baselines skip the prune stage's training and fine-tune from the last network of pre-training", async () => {
  for (const method of ["lwm", "random"] as const satisfies readonly PruningMethod[]) {
    const { networks, records } = await run({ method });
    assert.ok(records.every((record) => record.type !== "train.epoch" || record.phase !== "prune"));
    const [pruned, tuned] = [networks.get("prune"), networks.get("finetune")];
    assert.ok(pruned && tuned);
    assert.deepEqual(masksOf(tuned), masksOf(pruned));
    assert.deepEqual(pruned.tensors.get("bn1.weight"), networks.get("pretrain")?.tensors.get("bn1.weight"));
  }
});

/** The engine owns its arrays; what a file would hold must not change with them. */
function copied(moment: StageMoment): StageMoment {
  const copy = (arrays: ReadonlyMap<string, StateTensor>) =>
    new Map([...arrays].map(([name, tensor]) => [name, structuredClone(tensor)]));
  const arrays: StageArrays = { engine: copy(moment.arrays.engine), update: copy(moment.arrays.update) };
  return { ...moment, arrays };
}

function pictures(size: number): Samples {
  const images = imageBatch(start, size, size);
  const labels = new Uint8Array(size);
  const draws = stream(3, "order", size);
  for (let i = 0; i < size; i++) labels[i] = draws.integer(3);
  const pixels = images.length / size;
  const read = (indices: Uint32Array) =>
    Float32Array.from(
      { length: indices.length * pixels },
      (_, i) => images[(indices[Math.floor(i / pixels)] ?? 0) * pixels + (i % pixels)] ?? 0,
    );
  return { size, shape: start.input, labels, read };
}
