/** A run of prune-hydra that is gone on with: what its first record says of the network it was begun from. */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import type { RunStart } from "../records/events.js";
import { RECORDS_FILE } from "../training/run-directory.js";
import type { PruningSource } from "./pruning-source.js";
import { readRunStart } from "./run-start.js";
import type { ResumeOptions } from "./stored-config.js";

export interface BegunRun {
  readonly folder: string;
  /** Null where it pre-trains a network of its own. */
  readonly source: NonNullable<RunStart["source"]> | null;
}

/** Null for a new run. InputError where the run's records do not begin as a run's. */
export async function begunRun({ out, resume }: ResumeOptions): Promise<BegunRun | null> {
  if (!resume || out === null) return null;
  const file = join(out, RECORDS_FILE);
  const { source = null } = await readRunStart(createReadStream(file), file).catch((error: unknown) => {
    throw fileError(error, "read", file);
  });
  return { folder: out, source };
}

/** The checkpoint to read: `given`, else the one that the run was begun from, which must be there still. */
export function sourcePath(given: string | undefined, begun: BegunRun | null): string | null {
  if (given !== undefined) return given;
  const path = begun?.source?.path ?? null;
  if (path === null || existsSync(path)) return path;
  throw new UsageError(
    `--resume: ${path}, which the run in ${begun?.folder} was begun from, is not there; name where it lies now: prune-hydra FILE --out ${begun?.folder} --resume`,
  );
}

/** UsageError unless the run goes on from the very network it was begun from. */
export function requireSameSource(source: PruningSource | null, { folder, source: begun }: BegunRun): void {
  if (source === null || source.sha256 === begun?.sha256) return;
  if (begun === null)
    throw new UsageError(
      `--resume: the run in ${folder} pre-trains its own network, not ${source.path}; leave the checkpoint out`,
    );
  const other = source.path === begun.path ? "another file lies there now" : `${source.path} is another; leave it out`;
  throw new UsageError(
    `--resume: the run in ${folder} was begun from ${begun.path} (sha256 ${begun.sha256.slice(0, 12)}…); ${other}`,
  );
}
