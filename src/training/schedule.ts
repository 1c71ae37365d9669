/** Learning rate and weight decay by step: the method's step schedule (Özdenizci & Legenstein 2021), or a cosine. */

export interface Rates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Rates at a step; `step` and `epoch` count completed ones, so both begin at 0. */
export type Schedule = (moment: { readonly step: number; readonly epoch: number }) => Rates;

export type ScheduleName = "steps" | "cosine";

export interface ScheduleOptions extends Rates {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Both rates fall to a tenth after half of all steps and to a hundredth after three quarters. The boundaries
 * b1 = floor(T/2), b2 = floor(3T/4) are inclusive: step b1 still has the first rate.
 */
export function stepSchedule({ learningRate, weightDecay, epochs, stepsPerEpoch }: ScheduleOptions): Schedule {
  const total = epochs * stepsPerEpoch;
  const first = Math.floor(0.5 * total);
  const second = Math.floor(0.75 * total);
  return ({ step }) => {
    const divisor = step <= first ? 1 : step <= second ? 10 : 100;
    return { learningRate: learningRate / divisor, weightDecay: weightDecay / divisor };
  };
}

/** Both rates times (1 + cos(pi t / T)) / 2 (Loshchilov & Hutter 2017, without restarts). */
export function cosineSchedule({ learningRate, weightDecay, epochs, stepsPerEpoch }: ScheduleOptions): Schedule {
  const total = epochs * stepsPerEpoch;
  return ({ step }) => {
    const share = (1 + Math.cos((Math.PI * step) / total)) / 2;
    return { learningRate: learningRate * share, weightDecay: weightDecay * share };
  };
}

export function scheduleByName(name: ScheduleName, options: ScheduleOptions): Schedule {
  return name === "cosine" ? cosineSchedule(options) : stepSchedule(options);
}

/** The same learning rate, weight decay at its start's all along: coupled decay falls with the learning rate by itself. */
export function constantDecay(schedule: Schedule, weightDecay: number): Schedule {
  return (moment) => ({ ...schedule(moment), weightDecay });
}
