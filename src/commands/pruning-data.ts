/** The data set that a network is pruned on: the one that it was trained on. */
import { resolve } from "node:path";
import { UsageError } from "../core/errors.js";
import { isFolderName } from "../data/folder-name.js";
import { DEFAULT_DATA } from "./prune-hydra-options.js";
import type { PruningSource } from "./pruning-source.js";

/** `data` (`--data`) where it is given, else the source's. UsageError, naming both, where they differ. */
export function pruningData(data: string | null, source: PruningSource | null): string {
  const known = source?.checkpoint.data?.name;
  if (source === null || known === undefined || data === null) return data ?? known ?? DEFAULT_DATA;
  if (data === known || (isFolderName(data) && resolve(data) === resolve(known))) return data;
  throw new UsageError(
    `--data ${data}: ${source.path} was trained on ${known}, which is what it is pruned on; leave --data out`,
  );
}
