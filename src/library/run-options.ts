/** What every function that runs a command takes besides the command's options. */
import type { StreamRecord } from "../records/events.js";

/** What goes on while a command runs, and how to end it. */
export interface RunOptions {
  /** Ends the command in good order: a training run writes its state, and `resume: true` goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Gets each record when it is made. */
  readonly onRecord?: ((record: StreamRecord) => void) | undefined;
  /** Gets what the command line would say on standard error. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** Files by path, or records as an earlier call gave them. */
export type RunInput = string | readonly string[] | readonly StreamRecord[];
