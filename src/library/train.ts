/** `sparse-train` as a function. */
import { sparseTrain } from "../commands/sparse-train.js";
import type { sparseTrainOptions } from "../commands/sparse-train-options.js";
import type { StreamRecord } from "../records/events.js";
import type { GivenOptions } from "./given-options.js";
import { recordsOf } from "./run-command.js";
import type { RunOptions } from "./run-options.js";

export type TrainOptions = GivenOptions<typeof sparseTrainOptions>;

/**
 * Trains a network into the folder `out`; gives the run's records, checkpoints with their paths among them. Throws UsageError,
 * InputError or ResourceError; a run that `signal` ended gives its records, `run.end` saying "interrupted".
 */
export async function train(options: TrainOptions = {}, run: RunOptions = {}): Promise<readonly StreamRecord[]> {
  return recordsOf(sparseTrain, { ...run, options });
}
