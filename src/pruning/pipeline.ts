/** The stages of pruning one after the other, each from the network that the last one ended with, never from its best. */
import type { Network } from "../models/network.js";
import { BatchSource } from "../training/batch-source.js";
import { type TrainerOptions, train } from "../training/trainer.js";
import type { StopReason, TrainerHooks } from "../training/trainer-hooks.js";
import type { TrainerRecord } from "../training/trainer-records.js";
import type { TrainerState } from "../training/trainer-state.js";
import type { PruningMethod, StageName, StageOptimizer } from "./stage.js";
import type { StageArrays } from "./stage-arrays.js";
import { type LearnedMask, openStage, prunedAtOnce, type Stage, type StageOptions } from "./stages.js";
import { withStatisticsAgain } from "./statistics-again.js";

export interface PipelineOptions
  extends Pick<StageOptions, "engine" | "kept" | "admm" | "scoreStart" | "freezeBatchNorm" | "seed"> {
  readonly method: PruningMethod;
  /** Which network of a stage the next one starts from. */
  readonly from: "last" | "best";
  /** Batches that re-estimate batch-norm's statistics after pruning at once. */
  readonly reestimateBatches: number;
  /** Of the running variance, for that. */
  readonly variance: "biased" | "unbiased";
  /** In their order; the first starts from `network`. */
  readonly stages: readonly StageName[];
  readonly network: Network;
  readonly optimizers: Readonly<Record<StageName, StageOptimizer>>;
  /** What the training loop is given in every stage. */
  readonly loop: Pick<
    TrainerOptions,
    | "objective"
    | "samples"
    | "augment"
    | "pseudoLabelled"
    | "batchSize"
    | "selection"
    | "bounds"
    | "logEvery"
    | "saveEvery"
  >;
  /** Where an earlier run of the same options stopped, `network` being as it was there; its stage is the first of `stages`. */
  readonly resume: { readonly arrays: StageArrays; readonly state: TrainerState } | null;
  readonly hooks: PipelineHooks;
}

/** As the training loop's, with the stage and the network that are to be saved. */
export interface PipelineHooks extends Pick<TrainerHooks, "stop"> {
  emit(record: StageRecord): void;
  /** The network is the best of its stage so far. */
  saveBest(moment: StageMoment): Promise<void>;
  saveState(moment: StageMoment): Promise<void>;
  /** The network that `saveBest` was last called with in this stage; asked for where the next one starts from it. */
  bestOf(stage: StageName): Promise<Network>;
  /** A stage has ended. Comes again when a run resumes there. */
  stageDone(stage: StageName, network: Network, end: StageEnd): Promise<void>;
  progress(stage: StageName, done: number, total: number, text: string): void;
}

/** In a prune stage that learns its mask: how many positions are kept now or were at its start, not both; and `LearnedMask`'s outliers. */
export type StageRecord = TrainerRecord & {
  readonly maskDistance?: number;
  readonly outlierRatios?: readonly number[];
};

export interface StageEnd {
  /** Null for a stage that needed no training. */
  readonly state: TrainerState | null;
  /** Passed once to re-estimate statistics. */
  readonly images: number;
}

export interface StageMoment {
  readonly stage: StageName;
  readonly state: TrainerState;
  /** The network as it is now, read out of the engine. */
  readonly network: Network;
  /** What the stage's continuation needs beside it. */
  readonly arrays: StageArrays;
}

/** Runs the stages; null when all are done, or why they stopped. */
export async function runPipeline(options: PipelineOptions): Promise<StopReason | null> {
  let { network, resume } = options;
  for (const stage of options.stages) {
    const { method } = options;
    if (stage === "prune" && (method === "lwm" || method === "random")) {
      network = await pruneAtOnce(network, { ...options, method });
      continue;
    }
    const ended = await runStage(stage, { ...options, network, resume });
    if (ended.stopped !== null) return ended.stopped;
    network = ended.network;
    resume = null;
  }
  return null;
}

async function pruneAtOnce(
  network: Network,
  options: PipelineOptions & { readonly method: "lwm" | "random" },
): Promise<Network> {
  const { engine, reestimateBatches: batches, variance, hooks } = options;
  const source = { ...options.loop, remainder: "keep", seed: options.seed } as const;
  const pruned = prunedAtOnce(network, options);
  const again =
    batches === 0
      ? { network: pruned, images: 0 }
      : withStatisticsAgain({ engine, network: pruned, source, batches, variance });
  await hooks.stageDone("prune", again.network, { state: null, images: again.images });
  return again.network;
}

async function runStage(
  name: StageName,
  options: PipelineOptions,
): Promise<{ readonly stopped: StopReason | null; readonly network: Network }> {
  const optimizer = options.optimizers[name];
  const loop = { ...options.loop, remainder: "keep", seed: options.seed } as const;
  const source = new BatchSource(loop);
  const steps = optimizer.epochs * source.stepsPerEpoch;
  const firstBatch = () => source.batch({ step: 0, epoch: 0, stepOfEpoch: 0 });
  const resume = options.resume?.arrays ?? null;
  const stage = openStage({ ...options, stage: name, optimizer, steps, firstBatch, resume });
  try {
    const networkNow = () => ({ ...options.network, tensors: stage.training.tensors() });
    const { stopped, state } = await train({
      ...loop,
      ...stage,
      phase: name,
      epochs: optimizer.epochs,
      stopAfter: null,
      resume: options.resume?.state ?? null,
      hooks: loopHooks(name, { stage, networkNow, hooks: options.hooks }),
    });
    if (stopped !== null) return { stopped, network: networkNow() };
    const isBest = options.from === "best" && name !== "finetune" && state.best !== null;
    const network = isBest ? await options.hooks.bestOf(name) : stage.ended(networkNow());
    await options.hooks.stageDone(name, network, { state, images: 0 });
    return { stopped, network };
  } finally {
    stage.training.dispose();
  }
}

interface Saved {
  readonly stage: Stage;
  readonly networkNow: () => Network;
  readonly hooks: PipelineHooks;
}

function loopHooks(name: StageName, { stage, networkNow, hooks }: Saved): TrainerHooks {
  const moment = (state: TrainerState): StageMoment => ({
    stage: name,
    state,
    network: networkNow(),
    arrays: { engine: stage.training.state(), update: stage.update.state() },
  });
  return {
    emit: (record) => hooks.emit(stage.mask ? withMask(record, stage.mask) : record),
    stop: () => hooks.stop(),
    saveBest: (state) => hooks.saveBest({ ...moment(state), network: stage.ended(networkNow()) }),
    saveState: (state) => hooks.saveState(moment(state)),
    progress: (done, total, text) => hooks.progress(name, done, total, text),
  };
}

function withMask(record: TrainerRecord, { distance, outliers }: LearnedMask): StageRecord {
  if (record.type === "notice") return record;
  const told = { ...record, maskDistance: distance() };
  return record.type === "train.epoch" && outliers !== null ? { ...told, outlierRatios: outliers } : told;
}
