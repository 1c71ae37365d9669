/** `prune-hydra` as a function. */
import { pruneHydra } from "../commands/prune-hydra.js";
import type { pruneHydraOptions } from "../commands/prune-hydra-options.js";
import { UsageError } from "../core/errors.js";
import type { StreamRecord } from "../records/events.js";
import type { GivenOptions } from "./given-options.js";
import { recordsOf } from "./run-command.js";
import type { RunOptions } from "./run-options.js";

export type PruneOptions = GivenOptions<typeof pruneHydraOptions>;

export interface PruneRun extends RunOptions {
  /** The dense network: a checkpoint's path, or the records of the run that trained it. One is pre-trained where it is left out. */
  readonly network?: string | readonly StreamRecord[] | undefined;
}

/** Prunes and fine-tunes into the folder `out`; gives records and throws as `train` does, those of `network` first. */
export async function prune(options: PruneOptions = {}, run: PruneRun = {}): Promise<readonly StreamRecord[]> {
  const { network } = run;
  if (network?.length === 0)
    throw new UsageError("network: no record, so no network to prune; leave it out to pre-train one");
  return recordsOf(pruneHydra, { ...run, options, input: network });
}
