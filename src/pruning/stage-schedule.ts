/** The learning rate over a stage: HYDRA's cosine, its reference code's steps, or the restarts of robust ADMM pruning. */
import type { Schedule } from "../training/schedule.js";
import { cosineRate } from "./cosine-schedule.js";
import { type Cycles, cycleOf } from "./cycle.js";
import type { StageName, StageOptimizer } from "./stage.js";

export interface StageScheduleOptions {
  readonly stage: StageName;
  readonly optimizer: StageOptimizer;
  /** Of the stage. */
  readonly steps: number;
  /** Of the ADMM stage. */
  readonly cycles: number;
}

/** Rates by step and epoch, both from 0; the weight decay stays. */
export function stageSchedule(options: StageScheduleOptions): Schedule {
  const { weightDecay } = options.optimizer;
  const rate = rateOf(options);
  return (moment) => ({ learningRate: rate(moment), weightDecay });
}

type Rate = (moment: { readonly step: number; readonly epoch: number }) => number;

function rateOf({ stage, optimizer, steps, cycles }: StageScheduleOptions): Rate {
  const { schedule, learningRate, epochs } = optimizer;
  if (schedule === "step") return ({ epoch }) => steppedRate(learningRate, epoch / epochs, HYDRA_DROPS);
  if (schedule === "cosine" || stage === "pretrain") return ({ epoch }) => cosineRate(learningRate, epoch, epochs);
  if (stage === "finetune") return ({ epoch }) => steppedRate(learningRate, epoch / epochs, ADMM_DROPS);
  return ({ step }) => restartedRate(learningRate, step, { cycles, steps });
}

/** Shares of the stage from which a tenth is left each time. */
const HYDRA_DROPS = [0.75, 0.9];
/** Ye et al. 2019 retrain for 200 epochs, with a tenth of the rate from epoch 80 and from epoch 150. */
const ADMM_DROPS = [0.4, 0.75];

function steppedRate(peak: number, share: number, drops: readonly number[]): number {
  return peak / 10 ** drops.filter((drop) => share >= drop).length;
}

/** Ye et al. 2019: each cycle begins at the peak and has a tenth of the rate left after each third. */
function restartedRate(peak: number, step: number, { cycles, steps }: Cycles): number {
  const thirds = cycleOf(step, { cycles: 3 * cycles, steps });
  return peak / 10 ** (thirds % 3);
}
