/** What both training commands do around their training: the folder, resuming, records, checkpoints, stopping. */
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InputError, UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { tryFolder } from "../core/try-folder.js";
import type { Network } from "../models/network.js";
import { writeNetworkFile } from "../models/network-file.js";
import type { CheckpointDescription } from "../records/checkpoint.js";
import { WITHIN_THE_FIRST } from "../training/epoch-line.js";
import {
  lookAtRunDirectory,
  openRecords,
  type RecordsFile,
  type RunDirectory,
  STATE_FILE,
} from "../training/run-directory.js";
import { type RunArrays, type RunState, type RunStateText, writeRunState } from "../training/run-state.js";
import type { StopReason } from "../training/trainer-hooks.js";
import type { TrainerState } from "../training/trainer-state.js";
import { networkCounts } from "./checkpoint-reference.js";
import type { CommandContext, Signal } from "./command.js";
import { newRunId, Recorder } from "./recorder.js";

export interface TrainingRunOptions {
  readonly command: string;
  readonly out: string | null;
  readonly resume: boolean;
  readonly force: boolean;
  /** Nothing will be written, but it is to be known whether it could. */
  readonly dryRun: boolean;
  readonly maxMinutes: number | null;
  /** "dense": every checkpoint also with dense weights, as `best.dense.safetensors` and so on. */
  readonly export: "dense" | null;
  /** Digest of the training images. */
  readonly dataDigest: string;
  readonly context: CommandContext;
}

/** What is said of a checkpoint besides what its network shows. */
export interface CheckpointText {
  /** How the network came about. */
  readonly about: CheckpointDescription;
  /** Where in its run it stands, and what it has cost so far. */
  readonly place: CheckpointDescription;
}

/** The fields of a checkpoint's record but for its seconds: a file holds no times. */
export interface WrittenCheckpoint {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly connections: number;
  readonly [field: string]: unknown;
}

/**
 * Looks at the folder and the saved run, and changes nothing yet. Errors as `lookAtRunDirectory`; UsageError naming a changed
 * key; with `dryRun` also InputError for a folder that cannot be written to, which a run finds out when it opens its records.
 */
export async function openTrainingRun(options: TrainingRunOptions): Promise<TrainingRun> {
  const { out, resume, force, dryRun, context } = options;
  const id = newRunId(context.now());
  const directory = await lookAtRunDirectory({ path: out ?? join("runs", id), resume, force });
  const text = directory.resumed?.state.text;
  if (text !== undefined) requireSame(text, options, directory.path);
  if (dryRun) await tryOut(directory.path);
  return new TrainingRun(options, directory, text?.run ?? id);
}

/** UsageError where nothing says which run is to go on: asked first, before data are looked for that it may not need. */
export function requireFolderToResume({ resume, out }: Pick<TrainingRunOptions, "resume" | "out">): void {
  if (resume && out === null) throw new UsageError("--resume needs --out DIR, the folder of the run to go on with");
}

async function tryOut(path: string): Promise<void> {
  try {
    await tryFolder(path);
  } catch (error) {
    throw fileError(error, "write", path);
  }
}

export class TrainingRun {
  readonly #options: TrainingRunOptions;
  readonly #directory: RunDirectory;
  readonly #id: string;
  readonly #began = performance.now();
  #records: RecordsFile | null = null;
  #recorder: Recorder;
  #lastText: RunStateText | null = null;

  constructor(options: TrainingRunOptions, directory: RunDirectory, id: string) {
    this.#options = options;
    this.#directory = directory;
    this.#id = id;
    const copy = (record: object) => this.#records?.append(record);
    this.#recorder = new Recorder({ run: id, context: options.context, copy });
  }

  /** Where the run stopped that is resumed; null for a new one. */
  get saved(): RunState | null {
    return this.#directory.resumed?.state ?? null;
  }

  get path(): string {
    return this.#directory.path;
  }

  /** For people: the name of a folder that is yet to be made is not known before. */
  get shownPath(): string {
    return this.#options.out ?? join("runs", "RUN");
  }

  get recorder(): Recorder {
    return this.#recorder;
  }

  /**
   * Opens the folder, emits `run.start` (a resumed run: its records so far), does the work, emits `run.end`; gives the exit
   * code. The work gives null when all is done. A run that was done before is repeated and does nothing.
   */
  async during(start: Readonly<Record<string, unknown>>, work: () => Promise<StopReason | null>): Promise<number> {
    const { resumed } = this.#directory;
    this.#records = await openRecords(this.#directory);
    try {
      if (resumed !== null) this.#options.context.print(resumed.records);
      if (resumed?.state.text.isDone) {
        this.#options.context.note(`the run in ${this.path} is done: its records are repeated, nothing is trained`);
        return 0;
      }
      const code = await this.#recorder.during(resumed === null ? start : null, async () => signalOf(await work()));
      if (code === 0) await this.#saveDone();
      this.#say(code === 0);
      return code;
    } finally {
      this.#records.close();
    }
  }

  /** Why to stop now, or null. */
  readonly stop = (): StopReason | null => {
    const { context, maxMinutes } = this.#options;
    const minutes = (performance.now() - this.#began) / 60_000;
    return context.interrupted() ?? (maxMinutes !== null && minutes >= maxMinutes ? "time" : null);
  };

  /** Writes `state.safetensors`; `extra` is the command's own plain JSON. */
  async saveState(trainer: TrainerState, arrays: RunArrays, extra: unknown): Promise<void> {
    const { command, dataDigest, context } = this.#options;
    const identity = { command, run: this.#id, config: { ...context.resultConfig }, data: dataDigest };
    this.#lastText = { ...identity, recordsBytes: this.#recordedBytes(), isDone: false, trainer, extra };
    await writeRunState(join(this.path, STATE_FILE), this.#lastText, arrays);
    await context.drained();
  }

  /** Writes `NAME.safetensors` into the folder; the path that it gives is relative to the working directory. */
  async writeCheckpoint(name: string, network: Network, { about, place }: CheckpointText): Promise<WrittenCheckpoint> {
    const { connections, weights, ...measured } = networkCounts(network);
    const description = { ...about, connections, weights, ...place };
    const path = join(this.path, `${name}.safetensors`);
    const { sha256, bytes } = await writeNetworkFile(path, network, description);
    if (this.#options.export === "dense") {
      await writeNetworkFile(join(this.path, `${name}.dense.safetensors`), network, description, { dense: true });
    }
    const { config, tool, ...fields } = description;
    return { path: relative(process.cwd(), path), sha256, bytes, ...fields, connections, ...measured };
  }

  #say(isDone: boolean): void {
    const { command, context } = this.#options;
    if (this.#lastText === null) return;
    const { trainer } = this.#lastText;
    if (isDone) context.note(summary(trainer, this.path));
    else context.note(`the state is saved; to go on: ${command} --out ${this.path} --resume`);
  }

  async #saveDone(): Promise<void> {
    if (this.#lastText === null) return;
    const text = { ...this.#lastText, recordsBytes: this.#recordedBytes(), isDone: true };
    await writeRunState(join(this.path, STATE_FILE), text, null);
  }

  #recordedBytes(): number {
    this.#records?.sync();
    return this.#records?.bytes ?? 0;
  }
}

/** What a run has come to, in one line: `best after epoch 3: 61.2 % right, 40.0 % under attack, on the images that select; …`. */
function summary({ phase, best }: TrainerState, folder: string): string {
  const file = (name: string) => join(folder, `${name}.safetensors`);
  if (phase === "pretrain" || phase === "prune") return `the network is in ${file(phase)}`;
  if (best === null) return `the network is in ${file("final")}`;
  const { cleanAccuracy: clean, robustAccuracy: robust, epoch } = best;
  const attacked = robust === null ? "" : `, ${percent(robust)} under attack`;
  const when = epoch === 0 ? WITHIN_THE_FIRST : `after epoch ${epoch}`;
  return `best ${when}: ${percent(clean)} right${attacked}, on the images that select; it is in ${file("best")}`;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** Running out of time is an interruption like Ctrl-C. */
function signalOf(reason: StopReason | null): Signal | null {
  return reason === "time" ? "SIGINT" : reason;
}

function requireSame(text: RunStateText, { command, context, dataDigest }: TrainingRunOptions, path: string): void {
  if (text.command !== command) {
    throw new UsageError(`--resume: the run in ${path} is one of ${text.command}; ${command} cannot go on with it`);
  }
  // Through JSON, as the saved one went.
  const config: Record<string, unknown> = JSON.parse(JSON.stringify(context.resultConfig));
  for (const key of new Set([...Object.keys(text.config), ...Object.keys(config)])) {
    if (isDeepStrictEqual(config[key], text.config[key])) continue;
    const [now, then] = [config[key], text.config[key]].map((value) => JSON.stringify(value) ?? "not set");
    throw new UsageError(
      `--resume: ${key} is ${now}, and the run in ${path} was started with ${then}; it alters the result, so it must stay`,
    );
  }
  if (text.data !== dataDigest) {
    throw new InputError(`--resume: the training images are not those that the run in ${path} was started with`);
  }
}
