/** Where a training loop is: everything that a resumed run needs beside the arrays, as plain JSON. */
import { z } from "zod";

const count = z.int().min(0);
const seconds = z.number().min(0);
const fraction = z.number().min(0).max(1);

export const phaseSchema = z.enum(["train", "pretrain", "prune", "finetune"]);

const evaluation = z.object({
  step: count,
  cleanAccuracy: fraction,
  cleanLoss: z.number().nullable().default(null),
  batchLoss: z.number().nullable().default(null),
  robustAccuracy: fraction.nullable(),
  oneStepAccuracy: fraction.nullable(),
  robustLoss: z.number().nullable().default(null),
});

/** Over the epoch under way; losses and reconnections are sums over images and steps. */
const sums = z.object({
  steps: count,
  images: count,
  loss: z.number(),
  correct: count,
  reconnected: count,
  /** Of each weight layer: connections that came, and that went (less those that came back by themselves). */
  created: z.array(z.int()).default([]),
  deleted: z.array(z.int()).default([]),
  /** In training steps. */
  seconds,
  evaluationSeconds: seconds,
});

export const trainerStateSchema = z.object({
  phase: phaseSchema,
  /** Completed steps. */
  step: count,
  /** Completed epochs. */
  epoch: count,
  imageSteps: count,
  forwardEquivalents: z.number().min(0),
  /** Time in the loop, over all sessions of the run. */
  seconds,
  best: evaluation.extend({ epoch: count }).nullable(),
  /** The last one. */
  evaluation: evaluation.nullable(),
  sums,
});

export type TrainerPhase = z.output<typeof phaseSchema>;
export type TrainerState = z.output<typeof trainerStateSchema>;

const noSums: z.output<typeof sums> = {
  steps: 0,
  images: 0,
  loss: 0,
  correct: 0,
  reconnected: 0,
  created: [],
  deleted: [],
  seconds: 0,
  evaluationSeconds: 0,
};

export function initialState(phase: TrainerPhase): TrainerState {
  const nothing = { step: 0, epoch: 0, imageSteps: 0, forwardEquivalents: 0, seconds: 0 };
  return { phase, ...nothing, best: null, evaluation: null, sums: noSums };
}

export interface StepOutcome {
  readonly images: number;
  /** Mean over the batch. */
  readonly loss: number;
  readonly correct: number;
  readonly reconnected: number;
  /** Of each weight layer. */
  readonly created: Int32Array;
  readonly deleted: Int32Array;
  readonly forwardEquivalents: number;
  readonly seconds: number;
}

/** The state after one more step. */
export function afterStep(state: TrainerState, outcome: StepOutcome): TrainerState {
  const { sums } = state;
  return {
    ...state,
    step: state.step + 1,
    imageSteps: state.imageSteps + outcome.images,
    forwardEquivalents: state.forwardEquivalents + outcome.forwardEquivalents,
    sums: {
      ...sums,
      steps: sums.steps + 1,
      images: sums.images + outcome.images,
      loss: sums.loss + outcome.loss * outcome.images,
      correct: sums.correct + outcome.correct,
      reconnected: sums.reconnected + outcome.reconnected,
      created: added(sums.created, outcome.created),
      deleted: added(sums.deleted, outcome.deleted),
      seconds: sums.seconds + outcome.seconds,
    },
  };
}

function added(sums: readonly number[], counts: Int32Array): number[] {
  return Array.from(counts, (count, layer) => count + (sums[layer] ?? 0));
}

/** The state at the start of the next epoch. */
export function afterEpoch(state: TrainerState): TrainerState {
  return { ...state, epoch: state.epoch + 1, sums: noSums };
}
