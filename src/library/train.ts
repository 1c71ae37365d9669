/** `sparse-train` as a function. */
import { sparseTrain } from "../commands/sparse-train.js";
import type { StreamRecord } from "../records/events.js";
import type { GivenOptions } from "./given-options.js";
import { type RunOptions, recordsOf } from "./run-command.js";

export type TrainOptions = GivenOptions<(typeof sparseTrain)["options"]>;

/**
 * Trains a network into the folder `out`; gives the run's records, checkpoints with their paths among them. Throws UsageError,
 * InputError or ResourceError; a run that `signal` ended gives its records, `run.end` saying "interrupted".
 */
export async function train(options: TrainOptions = {}, run: RunOptions = {}): Promise<readonly StreamRecord[]> {
  return recordsOf(sparseTrain, { ...run, options });
}
