/** One epoch in one line for people. */
import { CATASTROPHIC } from "./overfitting.js";
import type { EpochRecord } from "./trainer-records.js";

/** "epoch 3: loss 1.2345, clean 45.0 %, robust 31.2 %, best 31.4 % at epoch 2, one step 36.0 %"; "epoch 3 (7 of 20 steps): …". */
export function epochLine(record: EpochRecord, stepsPerEpoch: number): string {
  const { epoch, step, loss, cleanAccuracy, robustAccuracy, oneStepAccuracy, best, catastrophicOverfitting } = record;
  const bestAccuracy = best?.robustAccuracy ?? best?.cleanAccuracy ?? null;
  const steps = step - (epoch - 1) * stepsPerEpoch;
  return [
    `epoch ${epoch}${steps < stepsPerEpoch ? ` (${steps} of ${stepsPerEpoch} steps)` : ""}: loss ${loss.toFixed(4)}`,
    ...said("clean", cleanAccuracy),
    ...said("robust", robustAccuracy),
    ...said("best", bestAccuracy).map((text) => `${text} ${best?.epoch ? `at epoch ${best.epoch}` : WITHIN_THE_FIRST}`),
    ...said("one step", oneStepAccuracy),
    ...((catastrophicOverfitting ?? 0) > CATASTROPHIC
      ? ["far above robust: the network may withstand single steps only"]
      : []),
  ].join(", ");
}

/** Where a network stands that was chosen before an epoch was complete. */
export const WITHIN_THE_FIRST = "within the first epoch";

function said(name: string, accuracy: number | null): string[] {
  return accuracy === null ? [] : [`${name} ${(100 * accuracy).toFixed(1)} %`];
}
