/** What happens to the network after the gradients of a batch: the weight step and whatever a method does behind it. */
import type { StateTensor, StepOptions, Training } from "../engines/engine.js";
import type { Rates } from "./schedule.js";

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
}

export interface Update {
  /** Before the gradients of a step are collected. */
  prepare?(moment: Omit<UpdateMoment, "rates">): void;
  /** Uses up the gradients collected in `training`. Yields after every engine call that takes time. */
  apply(moment: UpdateMoment): Generator<void, UpdateResult>;
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
