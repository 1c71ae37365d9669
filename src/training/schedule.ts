/** Learning rate and weight decay by step: the method's step schedule (Özdenizci & Legenstein 2021). */

export interface Rates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Rates at a step; `step` and `epoch` count completed ones, so both begin at 0. */
export type Schedule = (moment: { readonly step: number; readonly epoch: number }) => Rates;

export interface StepScheduleOptions extends Rates {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Both rates fall to a tenth after half of all steps and to a hundredth after three quarters. The boundaries
 * b1 = floor(T/2), b2 = floor(3T/4) are inclusive: step b1 still has the first rate.
 */
export function stepSchedule({ learningRate, weightDecay, epochs, stepsPerEpoch }: StepScheduleOptions): Schedule {
  const total = epochs * stepsPerEpoch;
  const first = Math.floor(0.5 * total);
  const second = Math.floor(0.75 * total);
  return ({ step }) => {
    const divisor = step <= first ? 1 : step <= second ? 10 : 100;
    return { learningRate: learningRate / divisor, weightDecay: weightDecay / divisor };
  };
}
