/** The training loop: epochs of batches, each an objective and an update, with selection, records, saving and stopping. */
import type { StateTensor, Training } from "../engines/engine.js";
import type { Objective } from "./objectives/objective.js";
import type { Augment, Samples } from "./samples.js";
import type { Schedule } from "./schedule.js";
import type { Evaluation, Selection } from "./selection.js";
import type { Update } from "./update.js";

export type TrainerPhase = "train" | "pretrain" | "prune" | "finetune";

export interface TrainerOptions {
  readonly training: Training;
  readonly phase: TrainerPhase;
  readonly objective: Objective;
  readonly update: Update;
  readonly samples: Samples;
  readonly augment: Augment | null;
  readonly batchSize: number;
  /** What becomes of the last batch of an epoch when it is smaller than the others. */
  readonly remainder: "drop" | "keep";
  readonly epochs: number;
  /** Ends the run after this many steps (done, not interrupted); the schedule stays that of all epochs. */
  readonly stopAfter: number | null;
  readonly schedule: Schedule;
  readonly selection: Selection;
  /** Range of pixels that attacks keep to: [0, 1] for images. */
  readonly bounds: readonly [number, number];
  readonly seed: number;
  /** A train.step record every so many steps; null for none. */
  readonly logEvery: number | null;
  /** Seconds between states saved inside an epoch. */
  readonly saveEvery: number;
  /** Where an earlier run of the same options stopped. The engine and the update are already as they were then. */
  readonly resume: TrainerState | null;
  readonly hooks: TrainerHooks;
}

/** What the loop asks of the command around it. */
export interface TrainerHooks {
  /** Records without `run` and `time`. */
  emit(record: TrainerRecord): void;
  /** Called after every engine call: a reason to stop, or null. */
  stop(): StopReason | null;
  /** The network is the best so far. Read it from the training. */
  saveBest(state: TrainerState): Promise<void>;
  /** After every epoch, every `saveEvery` seconds, and when stopped. */
  saveState(state: TrainerState): Promise<void>;
  /** Steps done of all, for a progress bar; the loss is the mean of the epoch so far. */
  progress(done: number, total: number, text: string): void;
}

export type StopReason = "SIGINT" | "SIGTERM" | "time";

/** Everything of the loop that a resumed run needs beside the arrays: plain JSON. */
export interface TrainerState {
  readonly phase: TrainerPhase;
  /** Completed steps. */
  readonly step: number;
  /** Completed epochs. */
  readonly epoch: number;
  readonly imageSteps: number;
  readonly forwardEquivalents: number;
  /** Time in the loop, over all sessions of the run. */
  readonly seconds: number;
  readonly best: BestSoFar | null;
  /** The last evaluation, where and what. */
  readonly evaluation: (Evaluation & { readonly step: number }) | null;
  /** Sums over the epoch under way. */
  readonly sums: EpochSums;
}

export interface BestSoFar extends Evaluation {
  readonly step: number;
  readonly epoch: number;
}

export interface EpochSums {
  readonly steps: number;
  readonly images: number;
  /** Sum of losses over images. */
  readonly loss: number;
  readonly correct: number;
  readonly reconnected: number;
  readonly seconds: number;
}

export type TrainerRecord = StepRecord | EpochRecord;

export interface StepRecord {
  readonly type: "train.step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

export interface EpochRecord {
  readonly type: "train.epoch";
  readonly phase: TrainerPhase;
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly trainAccuracy: number;
  readonly cleanAccuracy: number;
  readonly robustAccuracy?: number;
  readonly selection: { readonly split: "train" | "test"; readonly samples: number; readonly rule: string };
  readonly connections: number;
  readonly density: number;
  readonly reconnected: number;
  readonly layers: readonly { readonly name: string; readonly size: number; readonly connections: number }[];
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly memoryBytes: number;
}

export interface TrainerResult {
  /** "done": all epochs, or `stopAfter` steps. */
  readonly status: "done" | "stopped";
  readonly reason: StopReason | null;
  readonly state: TrainerState;
}

/** Names of the arrays of a state file: the engine's begin with "engine.", the update's stand as they are. */
export type StateArrays = ReadonlyMap<string, StateTensor>;
