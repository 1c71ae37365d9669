/** A stage of pruning as options name it: which one, by which method, with what optimiser. */

export type StageName = "pretrain" | "prune" | "finetune";
export type PruningMethod = "hydra" | "lwm" | "random" | "admm";

export const stageSchedules = ["cosine", "step", "admm"] as const;

export type StageScheduleName = (typeof stageSchedules)[number];

/** How a stage's optimiser goes: SGD with coupled decay, momentum empty at the start. */
export interface StageOptimizer {
  readonly epochs: number;
  readonly schedule: StageScheduleName;
  /** At its peak. */
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
}
