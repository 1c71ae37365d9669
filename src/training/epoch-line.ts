/** One epoch in one line for people. */
import { CATASTROPHIC } from "./overfitting.js";
import type { EpochRecord } from "./trainer-records.js";

/** "epoch 3: loss 1.2345, clean 45.0 %, robust 31.2 %, best 31.4 % at epoch 2, one step 36.0 %". */
export function epochLine(record: EpochRecord): string {
  const { epoch, loss, cleanAccuracy, robustAccuracy, oneStepAccuracy, best, catastrophicOverfitting } = record;
  const bestAccuracy = best?.robustAccuracy ?? best?.cleanAccuracy ?? null;
  return [
    `epoch ${epoch}: loss ${loss.toFixed(4)}`,
    ...said("clean", cleanAccuracy),
    ...said("robust", robustAccuracy),
    ...said("best", bestAccuracy).map((text) => `${text} at epoch ${best?.epoch}`),
    ...said("one step", oneStepAccuracy),
    ...((catastrophicOverfitting ?? 0) > CATASTROPHIC
      ? ["far above robust: the network may withstand single steps only"]
      : []),
  ].join(", ");
}

function said(name: string, accuracy: number | null): string[] {
  return accuracy === null ? [] : [`${name} ${(100 * accuracy).toFixed(1)} %`];
}
