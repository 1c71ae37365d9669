import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network } from "../../src/models/network.js";
import { weightLayers } from "../../src/models/shapes.js";
import { initialNetwork } from "../../src/pruning/initial-weights.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { masksOf } from "../../src/pruning/masked-network.js";
import { type PipelineOptions, runPipeline } from "../../src/pruning/pipeline.js";
import type { PruningMethod, StageName } from "../../src/pruning/stage.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Objective } from "../../src/training/objectives/objective.js";
import { tradesObjective } from "../../src/training/objectives/trades.js";
import type { Samples } from "../../src/training/samples.js";
import { learningEngine as engine, seedsFor } from "../support/learning-engine.js";
import {
  robustToy,
  toyAttack,
  toyBounds,
  toyCleanAccuracy,
  toyGraph,
  toyInputs,
  toyRobustAccuracy,
} from "../support/robust-toy.js";

const robust = tradesObjective({ attack: toyAttack, beta: 6 });
const graph = toyGraph(64);
const input = [1, 1, toyInputs] as const;
const kept = keptCounts(weightLayers(graph, input), { density: 0.1 });

test("HYDRA finds a robust sub-network of a naturally trained network where magnitude pruning does not", async (context) => {
  assert.deepEqual([...kept.values()], [320, 13]);
  for (const seed of seedsFor(4)) {
    const toy = { seed, samples: robustToy(seed, 7680, "train"), held: robustToy(seed, 2000, "test") };
    const start = initialNetwork({ input, classes: 2, graph, model: "resnet", seed });
    const { pretrain } = await run({
      ...toy,
      method: "hydra",
      stages: ["pretrain"],
      network: start,
      objective: naturalObjective(),
    });
    const pruned = { ...toy, stages: ["prune", "finetune"] as const, network: pretrain, objective: robust };
    const hydra = await run({ ...pruned, method: "hydra" });
    const lwm = await run({ ...pruned, method: "lwm" });

    const accuracy = (network: Network) => toyRobustAccuracy(engine.infer(network), toy.held);
    const rows = [pretrain, lwm.prune, hydra.prune, lwm.finetune, hydra.finetune].map(accuracy);
    context.diagnostic(`seed ${seed}: robust ${rows.join(", ")}; overlap ${overlap(hydra.prune, lwm.prune)}`);
    assert.ok(toyCleanAccuracy(engine.infer(pretrain), toy.held) > 0.97);
    assert.ok(accuracy(hydra.prune) - accuracy(lwm.prune) >= 0.25, `${accuracy(hydra.prune)}, ${accuracy(lwm.prune)}`);
    for (const { finetune } of [hydra, lwm]) assert.ok(accuracy(finetune) >= 0.9, `fine-tuned ${accuracy(finetune)}`);
    assert.ok(overlap(hydra.prune, lwm.prune) < 0.8);
    assert.deepEqual(masksOf(hydra.finetune), masksOf(hydra.prune));
  }
});

interface Run {
  readonly method: PruningMethod;
  readonly stages: readonly StageName[];
  readonly network: Network;
  readonly objective: Objective;
  readonly seed: number;
  readonly samples: Samples;
  readonly held: Samples;
}

/** The network that each stage ended with. */
async function run({ objective, samples, held, ...options }: Run): Promise<Record<StageName, Network>> {
  const ended: Record<StageName, Network> = {
    pretrain: options.network,
    prune: options.network,
    finetune: options.network,
  };
  const selection = { rule: "last", split: "test", samples: held, attack: null } as const;
  const common = { schedule: "cosine", weightDecay: 1e-4, momentum: 0.9 } as const;
  const pipeline: PipelineOptions = {
    ...options,
    engine,
    kept,
    admm: { rho: 1e-3, rhoGrowth: 1, cycles: 10 },
    ...{ from: "last", reestimateBatches: 0, variance: "biased" },
    scoreStart: "scaled",
    freezeBatchNorm: false,
    optimizers: {
      pretrain: { ...common, epochs: 20, learningRate: 0.1 },
      prune: { ...common, epochs: 10, learningRate: 0.1 },
      finetune: { ...common, epochs: 20, learningRate: 0.01 },
    },
    loop: {
      objective,
      samples,
      augment: null,
      batchSize: 128,
      selection,
      bounds: toyBounds,
      logEvery: null,
      saveEvery: 1e9,
    },
    resume: null,
    hooks: {
      emit: () => {},
      stop: () => null,
      saveBest: async () => {},
      saveState: async () => {},
      bestOf: async () => assert.fail("nobody starts from the best"),
      stageDone: async (stage, network) => {
        ended[stage] = network;
      },
      progress: () => {},
    },
  };
  assert.equal(await runPipeline(pipeline), null);
  return ended;
}

/** Share of the first layer's mask that two networks have in common. */
function overlap(a: Network, b: Network): number {
  const first = (network: Network) => masksOf(network).get("dense1") ?? new Uint32Array(0);
  const other = new Set(first(b));
  return first(a).filter((position) => other.has(position)).length / other.size;
}
