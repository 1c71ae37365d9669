/** The records of one command's run: stamped with run id and time, from `run.start` to a `run.end` that is never left out. */
import { randomBytes } from "node:crypto";
import { type CommandContext, exitCodeOf, type Signal } from "./command.js";

type Fields = Readonly<Record<string, unknown>>;

/** `20261122T141530-9f3c2a`: sorts by time, and two of one second differ. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, "").slice(0, 15);
  return `${time}-${randomBytes(3).toString("hex")}`;
}

export interface RecorderOptions {
  readonly run: string;
  readonly context: Pick<CommandContext, "emit" | "now">;
  /** Gets each record as well: the training commands' `records.ndjson`. */
  readonly copy?: (record: Fields) => void;
}

export class Recorder {
  readonly run: string;
  readonly #options: RecorderOptions;
  readonly #began: number;

  constructor(options: RecorderOptions) {
    this.run = options.run;
    this.#options = options;
    this.#began = performance.now();
  }

  /** Emits one record of this run. */
  record(type: string, fields: Fields): void {
    const { context, copy } = this.#options;
    const record = { type, run: this.run, time: context.now().toISOString(), ...fields };
    copy?.(record);
    context.emit(record);
  }

  warn(code: string, message: string): void {
    this.record("notice", { level: "warning", code, message });
  }

  /** Seconds since this recorder was made. */
  seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /**
   * Emits `run.start`, does the work, emits `run.end`; gives the exit code. The work gives null when it is done, or the signal
   * that interrupted it. An error is recorded in `run.end` and thrown on. `start` is null for a run that is resumed.
   */
  async during(start: Fields | null, work: () => Promise<Signal | null>): Promise<number> {
    if (start !== null) this.record("run.start", start);
    try {
      const signal = await work();
      this.record("run.end", { status: signal === null ? "done" : "interrupted", seconds: this.seconds() });
      return signal === null ? 0 : exitCodeOf(signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.record("run.end", { status: "failed", error: message, seconds: this.seconds() });
      throw error;
    }
  }
}
