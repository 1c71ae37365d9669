/** The stages of pruning one after the other, each from the network that the last one ended with, never from its best. */
import type { Network } from "../models/network.js";
import { BatchSource } from "../training/batch-source.js";
import { type StopReason, type TrainerHooks, type TrainerOptions, train } from "../training/trainer.js";
import type { TrainerRecord } from "../training/trainer-records.js";
import type { TrainerState } from "../training/trainer-state.js";
import type { StageArrays } from "./stage-arrays.js";
import {
  openStage,
  type PruningMethod,
  prunedAtOnce,
  type Stage,
  type StageName,
  type StageOptimizer,
  type StageOptions,
} from "./stages.js";

export interface PipelineOptions
  extends Pick<StageOptions, "engine" | "kept" | "admm" | "scoreStart" | "freezeBatchNorm" | "seed"> {
  readonly method: PruningMethod;
  /** In their order; the first starts from `network`. */
  readonly stages: readonly StageName[];
  readonly network: Network;
  readonly optimizers: Readonly<Record<StageName, StageOptimizer>>;
  /** What the training loop is given in every stage. */
  readonly loop: Pick<
    TrainerOptions,
    "objective" | "samples" | "augment" | "batchSize" | "selection" | "bounds" | "logEvery" | "saveEvery"
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
  /** A stage has ended; the state is null for one that needs no training. Comes again when a run resumes there. */
  stageDone(stage: StageName, network: Network, state: TrainerState | null): Promise<void>;
  progress(stage: StageName, done: number, total: number, text: string): void;
}

/** In a prune stage that learns its mask: how many positions are kept now or were at its start, not both. */
export type StageRecord = TrainerRecord & { readonly maskDistance?: number };

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
      network = prunedAtOnce(network, { ...options, method });
      await options.hooks.stageDone(stage, network, null);
      continue;
    }
    const ended = await runStage(stage, { ...options, network, resume });
    if (ended.stopped !== null) return ended.stopped;
    network = ended.network;
    resume = null;
  }
  return null;
}

async function runStage(
  name: StageName,
  options: PipelineOptions,
): Promise<{ readonly stopped: StopReason | null; readonly network: Network }> {
  const optimizer = options.optimizers[name];
  const loop = { ...options.loop, remainder: "keep", seed: options.seed } as const;
  const steps = optimizer.epochs * new BatchSource(loop).stepsPerEpoch;
  const stage = openStage({ ...options, stage: name, optimizer, steps, resume: options.resume?.arrays ?? null });
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
    const network = stage.ended(networkNow());
    await options.hooks.stageDone(name, network, state);
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
    emit: (record) => hooks.emit(stage.maskDistance ? withDistance(record, stage.maskDistance) : record),
    stop: () => hooks.stop(),
    saveBest: (state) => hooks.saveBest(moment(state)),
    saveState: (state) => hooks.saveState(moment(state)),
    progress: (done, total, text) => hooks.progress(name, done, total, text),
  };
}

function withDistance(record: TrainerRecord, maskDistance: () => number): StageRecord {
  return record.type === "notice" ? record : { ...record, maskDistance: maskDistance() };
}
