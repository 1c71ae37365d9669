/** The folder of a training run: what it may hold already, and its records as they are written. */
import { appendFileSync, closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, UsageError } from "../core/errors.js";
import { faultOf, fileError } from "../core/file-errors.js";
import { makeFolder } from "../core/make-folder.js";
import { formatRecord } from "../formats/ndjson.js";
import { type RunState, readRunState } from "./run-state.js";

export interface RunDirectoryOptions {
  readonly path: string;
  /** Go on with the run that is there. */
  readonly resume: boolean;
  /** Remove the run that is there. */
  readonly force: boolean;
}

export interface RunDirectory {
  readonly path: string;
  /** Where the run that is resumed stopped, with the records up to there. */
  readonly resumed: { readonly state: RunState; readonly records: Uint8Array } | null;
}

export const STATE_FILE = "state.safetensors";
export const RECORDS_FILE = "records.ndjson";

/** Everything that a training command may leave in its folder. */
const RUN_FILES = [/^(best|final|pretrain|prune)(\.dense)?\.safetensors$/, /^state\.safetensors$/, /^records\.ndjson$/];

/**
 * Looks at the folder and changes nothing. UsageError where it holds a run and neither resume nor force is given, or where
 * there is none to resume; InputError where what is there cannot be read.
 */
export async function lookAtRunDirectory({ path, resume, force }: RunDirectoryOptions): Promise<RunDirectory> {
  const held = await runFiles(path);
  if (resume) return { path, resumed: await savedRun(path, held) };
  if (held.length > 0 && !force) {
    throw new UsageError(
      `--out ${path}: holds a run (${held.join(", ")}); --resume goes on with it, --force makes it anew`,
    );
  }
  return { path, resumed: null };
}

/** Makes the folder and clears it of an earlier run, or of the records behind the state that is resumed. */
export async function openRecords({ path, resumed }: RunDirectory): Promise<RecordsFile> {
  try {
    await makeFolder(path);
    if (resumed === null) for (const file of await runFiles(path)) await rm(join(path, file));
    return new RecordsFile(join(path, RECORDS_FILE), resumed?.records.length ?? 0);
  } catch (error) {
    throw fileError(error, "write", path);
  }
}

/** `records.ndjson`, written through at once, so that its length is known whenever a state is saved. */
export class RecordsFile {
  readonly #path: string;
  readonly #file: number;
  #bytes: number;

  /** Keeps the first `bytes` of what is there. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#file = openSync(path, "a");
    this.#bytes = bytes;
    if (fstatSync(this.#file).size > bytes) ftruncateSync(this.#file, bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(record: object): void {
    try {
      const line = Buffer.from(formatRecord(record));
      appendFileSync(this.#file, line);
      this.#bytes += line.length;
    } catch (error) {
      throw fileError(error, "write", this.#path);
    }
  }

  /** Puts the records on the disk, before a state that counts them. */
  sync(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

async function runFiles(path: string): Promise<string[]> {
  try {
    const files = await readdir(path);
    return files.filter((file) => RUN_FILES.some((pattern) => pattern.test(file))).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    if (await isFile(path))
      throw new UsageError(`--out ${path}: is a file; name a folder, for checkpoints and records`);
    throw fileError(error, "read", path);
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function savedRun(path: string, held: readonly string[]) {
  if (!held.includes(STATE_FILE)) {
    const found = held.length === 0 ? "nothing of a run" : held.join(", ");
    throw new UsageError(`--resume: ${path} holds ${found}, and no ${STATE_FILE}; a run that is resumed has one`);
  }
  const state = await readRunState(join(path, STATE_FILE)).catch((error: unknown) => {
    throw wayOut(error, path);
  });
  const file = join(path, RECORDS_FILE);
  const records = await readFile(file).catch((error: unknown) => {
    throw fileError(error, "read", file);
  });
  const { recordsBytes } = state.text;
  if (records.length < recordsBytes) {
    throw new InputError(`${file}: has ${records.length} bytes; the saved state was written behind ${recordsBytes}`);
  }
  return { state, records: records.subarray(0, recordsBytes) };
}

/** Nothing else in the folder holds the momenta that a resumed run needs, so there is no other way. */
function wayOut(error: unknown, path: string): unknown {
  if (!(error instanceof InputError) || faultOf(error.cause) !== null) return error;
  const what = `the run in ${path} cannot go on from it; put a sound copy there, or make the run anew with --force in place of --resume`;
  return new InputError(`${error.message}; ${what}`, { cause: error });
}
