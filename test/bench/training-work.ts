/** Whole steps of training, as the commands do them: batch, augmentation, PGD-10, passes, optimiser, rewiring, record. */
import { augmentBatch } from "../../src/data/augment.js";
import { toFloat } from "../../src/data/batches.js";
import type { ImageSet } from "../../src/data/image-set.js";
import type { Training, WeightRule } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { formatRecord } from "../../src/formats/ndjson.js";
import { weightLayers } from "../../src/models/shapes.js";
import { currentMasks, hydraUpdate, scoredLayers } from "../../src/pruning/hydra.js";
import { keptCounts } from "../../src/pruning/kept-counts.js";
import { magnitudeMasks } from "../../src/pruning/magnitude.js";
import { maskedNetwork } from "../../src/pruning/masked-network.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { BatchSource } from "../../src/training/batch-source.js";
import { connectivitySampling } from "../../src/training/connectivity-sampling.js";
import { adversarialTraining } from "../../src/training/objectives/adversarial-training.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Objective } from "../../src/training/objectives/objective.js";
import type { Rates } from "../../src/training/schedule.js";
import { plainUpdate, type Update } from "../../src/training/update.js";
import { PassClock } from "./pass-clock.js";
import { BALL, BOUNDS, CLASSES, INPUT, networkOf, type Subject } from "./subject.js";
import type { Prepared, WorkRequest } from "./worker.js";

/** Steps before the first measured one, on few images: the first of a run draw back half of what the last one drew. */
const STEPS_BEFORE = 12;
const FEW_IMAGES = 16;
const SAMPLES = 2000;

interface Trained {
  readonly training: Training;
  readonly update: Update;
  readonly rates: Rates;
  readonly stepsBefore: number;
}

/** "at": sparse-train; "prune" and "finetune": the stages of prune-hydra, each with the same objective. */
export function trainingWork({ subject, work, batch, threads }: WorkRequest): Prepared {
  const engine = nativeEngine({ threads, reason: "benchmark" });
  const clock = new PassClock();
  const opened =
    work === "prune"
      ? pruning(subject, engine)
      : work === "finetune"
        ? finetuning(subject, engine)
        : method(subject, engine);
  const run = { ...opened, training: clock.training(opened.training) };
  const few = batches(FEW_IMAGES);
  for (let step = 0; step < run.stepsBefore; step++) trainOn(few, { ...run, objective: naturalObjective(), step });
  const source = batches(batch);
  const objective = adversarialTraining({ ...BALL, steps: 10 });
  let step = run.stepsBefore;
  return {
    run: () => trainOn(source, { ...run, objective, step: step++ }),
    takeTimes: () => ({ passes: clock.take() }),
  };
}

interface StepOfTraining extends Trained {
  readonly objective: Objective;
  readonly step: number;
}

function trainOn(source: BatchSource, { training, update, rates, objective, step }: StepOfTraining): void {
  const epoch = Math.floor(step / source.stepsPerEpoch);
  const batch = source.batch({ step, epoch, stepOfEpoch: step % source.stepsPerEpoch });
  update.prepare?.({ training, step });
  const { loss } = drain(objective.accumulate({ ...batch, training, bounds: BOUNDS, seed: 1, step }));
  const { reconnected } = drain(update.apply({ training, step, rates }));
  formatRecord({ type: "train.step", run: "bench", time: new Date().toISOString(), step, epoch, loss, reconnected });
}

function drain<Result>(calls: Generator<unknown, Result>): Result {
  let call = calls.next();
  while (!call.done) call = calls.next();
  return call.value;
}

/** Random images, which cost what photographs do. */
function batches(batchSize: number): BatchSource {
  const [height, width, channels] = INPUT;
  const pixels = Uint8Array.from(
    { length: SAMPLES * height * width * channels },
    (_, i) => Math.imul(i, 2654435761) >>> 24,
  );
  const labels = Uint8Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
  const classes = Array.from({ length: CLASSES }, (_, i) => String(i));
  const set: ImageSet = {
    ...{
      name: "bench",
      split: "train",
      height,
      width,
      channels,
      classes,
      labels,
      pixels,
      samples: SAMPLES,
      sha256: "",
    },
  };
  return new BatchSource({
    samples: { size: SAMPLES, shape: INPUT, labels, read: (indices) => toFloat(set, indices) },
    augment: (images, epoch, sampleIndices) =>
      augmentBatch(images, INPUT, { kind: "shift", seed: 1, epoch, sampleIndices }),
    ...{ batchSize, remainder: "drop", seed: 1 },
  });
}

type Engine = ReturnType<typeof nativeEngine>;

const METHOD_RATES = { learningRate: 0.01, weightDecay: 5e-4 };
const PRUNING_RATES = { learningRate: 0.01, weightDecay: 1e-4 };

function method(subject: Subject, engine: Engine): Trained {
  const { network, rules } = networkOf(subject, true);
  const kernels = weightLayers(network.graph, INPUT);
  const isSampled = subject.densities === "method" && subject.density < 1;
  const update = isSampled
    ? connectivitySampling({
        ...{ kernels, budget: budgetOf(subject, kernels), seed: 1, momentum: 0.9 },
        ...{ noiseScaling: 1e-6, noiseMode: "code", split: "size", resetMomentum: false },
      })
    : plainUpdate("sgdw", 0.9);
  const stepsBefore = isSampled ? STEPS_BEFORE : 0;
  return { training: engine.train(network, { rules }), update, rates: METHOD_RATES, stepsBefore };
}

/** The stage in which the masks are learned: the scores of all weights have gradients. */
function pruning(subject: Subject, engine: Engine): Trained {
  const { network, kept, rules } = dense(subject);
  const layers = scoredLayers({ network, kept, start: "scaled", gradients: null, seed: 1 });
  const training = engine.train(maskedNetwork(network, currentMasks(layers)), {
    rules,
    fullGradients: new Set(kept.keys()),
  });
  const update = hydraUpdate({ layers, momentum: 0.9, freezeBatchNorm: false });
  return { training, update, rates: PRUNING_RATES, stepsBefore: 0 };
}

function finetuning(subject: Subject, engine: Engine): Trained {
  const { network, kept, rules } = dense(subject);
  const training = engine.train(maskedNetwork(network, magnitudeMasks(network, kept)), { rules });
  return { training, update: plainUpdate("sgd", 0.9), rates: PRUNING_RATES, stepsBefore: 0 };
}

function dense(subject: Subject) {
  const { network } = networkOf({ ...subject, density: 1 });
  const kept = keptCounts(weightLayers(network.graph, INPUT), { density: subject.density });
  const rules = new Map([...kept.keys()].map((name): [string, WeightRule] => [name, "masked"]));
  return { network, kept, rules };
}
