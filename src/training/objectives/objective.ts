/** What a training objective is: it turns a batch into gradients inside the engine, one engine call at a time. */
import type { Training } from "../../engines/engine.js";

/** One batch at the start of a step. */
export interface Batch {
  readonly training: Training;
  /** [batch, height, width, channel], augmented. */
  readonly images: Float32Array;
  readonly labels: Uint8Array;
  /** Range of pixels that attacks keep to. */
  readonly bounds: readonly [number, number];
  readonly seed: number;
  /** Completed steps before this one: the position in all random streams. */
  readonly step: number;
}

/**
 * Yielded after every engine call. "attack": the call changed nothing; "update": running statistics or gradients have
 * changed. Before its first "update" a step can be given up and done again, after it it must be finished.
 */
export type CallPhase = "attack" | "update";

export interface BatchResult {
  /** Mean loss over the batch. */
  readonly loss: number;
  /** Images that the training forward classified rightly (the forward whose cross-entropy is taken). */
  readonly correct: number;
}

export interface Objective {
  readonly name: string;
  /** Cost of one image in forward passes: a backward to the input counts 1, a full one 2. */
  readonly forwardEquivalents: number;
  /** Leaves the gradient of the mean loss in the engine; the training's `step` uses it up. */
  accumulate(batch: Batch): Generator<CallPhase, BatchResult>;
}

/** Constants of the attack inside an adversarial objective. */
export interface InnerAttack {
  readonly epsilon: number;
  readonly stepSize: number;
  readonly steps: number;
}

/**
 * How batch-norm's running statistics follow the training forwards. "once": each forward in its order; "hydra": the clean
 * batch before the attack, then clean, adversarial, clean. The variance that they take is biased (this method) or unbiased.
 */
export interface StatisticsRule {
  readonly updates: "once" | "hydra";
  readonly variance: "biased" | "unbiased";
}

export const methodStatistics: StatisticsRule = { updates: "once", variance: "biased" };
