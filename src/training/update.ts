/** What happens to the network after the gradients of a batch: the weight step and whatever a method does behind it. */
import type { StateTensor, StepOptions, Training } from "../engines/engine.js";
import type { Rates } from "./schedule.js";
import type { Evaluation } from "./selection.js";

export interface UpdateMoment {
  readonly training: Training;
  /** Completed steps before this one. */
  readonly step: number;
  readonly rates: Rates;
}

export interface UpdateResult {
  /** Connections of each weight layer after the update, in graph order. */
  readonly connections: Int32Array;
  /** Connections that were drawn back (or exchanged) in this update. */
  readonly reconnected: number;
  /** The same of each weight layer, where connections go and come in one update; else the difference of the counts tells. */
  readonly created?: Int32Array;
}

export interface EpochOutcome {
  /** On the training forward's inputs, over the epoch. */
  readonly trainAccuracy: number;
  /** Of the network as it was at the epoch's end; null where it was not judged then. */
  readonly evaluation: Evaluation | null;
}

export interface Update {
  /** Before the gradients of a step are collected. */
  prepare?(moment: Omit<UpdateMoment, "rates">): void;
  /** Uses up the gradients collected in `training`. Yields after every engine call that takes time. */
  apply(moment: UpdateMoment): Generator<void, UpdateResult>;
  /** After the last step of an epoch and the evaluation behind it. */
  epochEnded?(outcome: EpochOutcome): void;
  /** Arrays of its own that a resumed run needs (importance scores, their momentum); names must not begin with "engine.". */
  state(): ReadonlyMap<string, StateTensor>;
}

/** The weight step alone: dense training, fixed masks, fine-tuning. */
export function plainUpdate(rule: StepOptions["rule"], momentum: number): Update {
  return {
    *apply({ training, rates }) {
      const connections = training.step({ rule, momentum, trainable: "all", ...rates });
      yield;
      return { connections, reconnected: 0 };
    },
    state: () => new Map(),
  };
}
