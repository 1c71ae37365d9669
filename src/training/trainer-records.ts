/** The records of a training loop, without the `run` and `time` that the command adds. */
import type { WeightLayer } from "../engines/engine.js";
import type { Selection, SelectionRule } from "./selection.js";
import type { TrainerPhase, TrainerState } from "./trainer-state.js";

export type TrainerRecord = StepRecord | EpochRecord;

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

export interface EpochRecord {
  readonly type: "train.epoch";
  readonly phase: TrainerPhase;
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly trainAccuracy: number;
  /** Null where a run stopped inside the epoch before it was judged. */
  readonly cleanAccuracy: number | null;
  readonly robustAccuracy: number | null;
  readonly selection: { readonly split: "train" | "test"; readonly samples: number; readonly rule: SelectionRule };
  readonly connections: number;
  readonly density: number;
  readonly reconnected: number;
  readonly layers: readonly { readonly name: string; readonly size: number; readonly connections: number }[];
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly memoryBytes: number;
}

export interface EpochRecordOptions {
  readonly state: TrainerState;
  readonly selection: Selection;
  readonly learningRate: number;
  readonly weightLayers: readonly WeightLayer[];
  /** Of each weight layer. */
  readonly connections: Int32Array;
}

/** The record of the epoch under way, whole or not; at least one of its steps is done. */
export function epochRecord(options: EpochRecordOptions): EpochRecord {
  const { state, selection, learningRate } = options;
  const { sums } = state;
  const isJudged = state.evaluation !== null && state.evaluation.step > state.step - sums.steps;
  return {
    type: "train.epoch",
    phase: state.phase,
    epoch: state.epoch + 1,
    step: state.step,
    loss: sums.loss / sums.images,
    learningRate,
    trainAccuracy: sums.correct / sums.images,
    cleanAccuracy: isJudged ? (state.evaluation?.cleanAccuracy ?? null) : null,
    robustAccuracy: isJudged ? (state.evaluation?.robustAccuracy ?? null) : null,
    selection: { split: selection.split, samples: selection.samples.size, rule: selection.rule },
    ...connectionFields(options),
    reconnected: sums.reconnected / sums.steps,
    imagesPerSecond: sums.images / sums.seconds,
    seconds: sums.seconds + sums.evaluationSeconds,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function connectionFields({ weightLayers, connections }: EpochRecordOptions) {
  const layers = weightLayers.map(({ name, size }, layer) => ({ name, size, connections: connections[layer] ?? 0 }));
  const counted = layers.filter((_, layer) => weightLayers[layer]?.rewire);
  const kept = counted.reduce((sum, layer) => sum + layer.connections, 0);
  const weights = counted.reduce((sum, layer) => sum + layer.size, 0);
  return { connections: kept, density: weights === 0 ? 1 : kept / weights, layers };
}
