/** What stands around the training loop: who takes its records and files, and who may stop it. */
import type { TrainerRecord } from "./trainer-records.js";
import type { TrainerState } from "./trainer-state.js";

/** What the loop asks of the command around it. */
export interface TrainerHooks {
  /** Records without `run` and `time`. */
  emit(record: TrainerRecord): void;
  /** Called after every engine call: a reason to stop, or null. */
  stop(): StopReason | null;
  /** The network is the best so far. Read it from the training. */
  saveBest(state: TrainerState): Promise<void>;
  /** At the start, after every epoch, every `saveEvery` seconds, and when stopped. */
  saveState(state: TrainerState): Promise<void>;
  /** After every step: steps done of all; the text has the mean loss of the epoch so far. */
  progress(done: number, total: number, text: string): void;
}

export type StopReason = "SIGINT" | "SIGTERM" | "time";
