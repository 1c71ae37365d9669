/** The records of a training loop, without the `run` and `time` that the command adds. */
import type { WeightLayer } from "../engines/engine.js";
import type { Tensor } from "../models/network.js";
import { type Overfitting, overfittingOf } from "./overfitting.js";
import type { Selection, SelectionRule } from "./selection.js";
import type { TrainerPhase, TrainerState } from "./trainer-state.js";
import { type WeightStatistics, weightStatistics } from "./weight-statistics.js";

export type TrainerRecord = StepRecord | EpochRecord | NotFiniteRecord;

export interface StepRecord {
  readonly type: "train.step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Connections drawn back in this step. */
  readonly reconnected: number;
  readonly imagesPerSecond: number;
}

/** Why a run failed whose loss is no number any more. */
export interface NotFiniteRecord {
  readonly type: "notice";
  readonly level: "warning";
  readonly code: "loss-not-finite";
  readonly message: string;
  /** The step that was not done, from 1. */
  readonly step: number;
  /** The first one with a value that is not finite; null where parameters and outputs still are. */
  readonly layer: string | null;
  /** The loss. */
  readonly value: number;
}

export interface EpochRecord extends Overfitting {
  readonly type: "train.epoch";
  readonly phase: TrainerPhase;
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly trainAccuracy: number;
  /** Null where a run stopped inside the epoch before it was judged. */
  readonly cleanAccuracy: number | null;
  /** Mean cross-entropy of the selection's samples, and the mean of its batches' means. */
  readonly cleanLoss: number | null;
  readonly batchLoss: number | null;
  readonly robustAccuracy: number | null;
  readonly oneStepAccuracy: number | null;
  /** Of the run so far, this epoch among them. */
  readonly best: {
    readonly epoch: number;
    readonly cleanAccuracy: number;
    readonly robustAccuracy: number | null;
  } | null;
  readonly selection: { readonly split: "train" | "test"; readonly samples: number; readonly rule: SelectionRule };
  readonly connections: number;
  readonly density: number;
  readonly reconnected: number;
  readonly layers: readonly LayerFields[];
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly memoryBytes: number;
}

interface LayerFields extends WeightStatistics {
  readonly name: string;
  readonly size: number;
  readonly connections: number;
  /** In this epoch: drawn or exchanged in; and lost, less those that came back by themselves. */
  readonly created: number;
  readonly deleted: number;
}

export interface EpochRecordOptions {
  readonly state: TrainerState;
  readonly selection: Selection;
  readonly learningRate: number;
  readonly weightLayers: readonly WeightLayer[];
  /** Of each weight layer. */
  readonly connections: Int32Array;
  /** The network's. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The record of the epoch under way, whole or not; at least one of its steps is done. */
export function epochRecord(options: EpochRecordOptions): EpochRecord {
  const { state, selection, learningRate } = options;
  const { sums } = state;
  const isJudged = state.evaluation !== null && state.evaluation.step > state.step - sums.steps;
  const now = isJudged ? state.evaluation : null;
  return {
    type: "train.epoch",
    phase: state.phase,
    epoch: state.epoch + 1,
    step: state.step,
    loss: sums.loss / sums.images,
    learningRate,
    trainAccuracy: sums.correct / sums.images,
    cleanAccuracy: now?.cleanAccuracy ?? null,
    cleanLoss: now?.cleanLoss ?? null,
    batchLoss: now?.batchLoss ?? null,
    robustAccuracy: now?.robustAccuracy ?? null,
    oneStepAccuracy: now?.oneStepAccuracy ?? null,
    best: bestFields(state),
    ...overfittingOf(now, state.best),
    selection: { split: selection.split, samples: selection.samples.size, rule: selection.rule },
    ...connectionFields(options),
    reconnected: sums.reconnected / sums.steps,
    imagesPerSecond: sums.images / sums.seconds,
    seconds: sums.seconds + sums.evaluationSeconds,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** `step` is the one that was not done, from 1. */
export function notFiniteRecord({ loss, step, layer }: { loss: number; step: number; layer: string | null }) {
  const where = layer === null ? "the weights are still finite" : `the first layer that is not finite is ${layer}`;
  const message = `the loss is ${loss} at step ${step}, ${where}; the state from before is kept`;
  return {
    ...({ type: "notice", level: "warning", code: "loss-not-finite" } as const),
    ...{ message, step, layer, value: loss },
  } satisfies NotFiniteRecord;
}

function bestFields({ best }: TrainerState): EpochRecord["best"] {
  if (best === null) return null;
  const { epoch, cleanAccuracy, robustAccuracy } = best;
  return { epoch, cleanAccuracy, robustAccuracy };
}

function connectionFields({ state, weightLayers, connections, tensors }: EpochRecordOptions) {
  const { created, deleted } = state.sums;
  const layers = weightLayers.map(({ name, size }, layer) => {
    const tensor = tensors.get(`${name}.weight`);
    const statistics = tensor === undefined ? NO_STATISTICS : weightStatistics(tensor);
    const moved = { created: created[layer] ?? 0, deleted: deleted[layer] ?? 0 };
    return { name, size, connections: connections[layer] ?? 0, ...moved, ...statistics };
  });
  const counted = layers.filter((_, layer) => weightLayers[layer]?.rewire);
  const kept = counted.reduce((sum, layer) => sum + layer.connections, 0);
  const weights = counted.reduce((sum, layer) => sum + layer.size, 0);
  return { connections: kept, density: weights === 0 ? 1 : kept / weights, layers };
}

const NO_STATISTICS = { effective: 0, largest: null, median: null } as const;
