/**
 * What a command is, and what it gets from the command line.
 *
 * An option is declared once, in an option table: the key in camelCase is its config key, the same in kebab-case its flag;
 * `options.ts` has one builder for each kind of value. Flags, config keys, checks, help and the README's tables derive from
 * the table. A module in `commands/` exports one `Command`, named like the file in camelCase (`sparseTrain`); `cli/main.ts`
 * loads it by name and runs it.
 */
import type { Readable } from "node:stream";
import type { OptionTable, OptionValues } from "./options.js";

export type { OptionValues };

/** A config as plain data: what YAML and JSON can hold. */
export type Config = Readonly<Record<string, unknown>>;

export interface Command<Table extends OptionTable> {
  readonly name: string;
  /** One sentence without a full stop, for help. */
  readonly summary: string;
  /** What standard output carries, in sentences, for help. */
  readonly output: string;
  /** One line to copy. */
  readonly example: string;
  readonly options: Table;
  /** The arguments that are no flags, "[CHECKPOINT]" or "[FILE...]"; left out where a command takes none. */
  readonly positional?: { readonly name: string; readonly many: boolean; readonly help: string };
  /** What other commands call it: a flag that this one has not, and those of its own that are meant. */
  readonly namedHere?: Readonly<Record<string, readonly string[]>>;
  /** Flags that belong to the contract and are not there yet: refused by name. */
  readonly later?: readonly string[];
  /** Config of a run that the options go on with: it holds for keys that are not given. */
  readonly stored?: (options: OptionValues<Table>) => Promise<Config>;
  /** The config with everything settled that the options alone settle, for `--print-config`; the merged config where left out. */
  readonly settled?: (options: OptionValues<Table>, context: SettledContext) => Promise<Config>;
  /** When whoever reads stdout has closed it: end quietly with 0, or say so once and go on. */
  readonly whenClosed: "end" | "continue";
  /**
   * Does the work and gives the exit code: 0, 1, or 130 and 143 by `exitCodeOf(signal)`. Errors are thrown. What the work needs is
   * loaded only now, by `import()`, so that help is there at once.
   */
  run(options: OptionValues<Table>, context: CommandContext): Promise<number>;
}

export type SettledContext = Pick<CommandContext, "positionals" | "config" | "given">;

export type Signal = "SIGINT" | "SIGTERM";

export interface CommandContext {
  /** The arguments that are no flags, as given. */
  readonly positionals: readonly string[];
  /** The merged config with the option table's defaults (options that are not set are absent). */
  readonly config: Config;
  /** The part of it that changes the result: no path, thread count, logging or time limit. For checkpoints and `--resume`. */
  readonly resultConfig: Config;
  /** Keys that a flag, `--set` or the config file gave, as opposed to defaults. */
  readonly given: ReadonlySet<string>;
  /** Those of them that a flag or `--set` gave. */
  readonly typed: ReadonlySet<string>;
  /** Standard input, untouched until asked for. */
  readonly stdin: () => Input;
  /** The package's version. */
  readonly version: string;
  /** Writes one record to stdout as it is: the caller has set `type`, `run` and `time`. Never waits; see `drained`. */
  readonly emit: (record: Readonly<Record<string, unknown>>) => void;
  /** Writes text or bytes to stdout as they are: a table, or a line that passes through. */
  readonly print: (text: string | Uint8Array) => void;
  /** Resolves when stdout has taken enough to go on: await it where much is written. */
  readonly drained: () => Promise<void>;
  /** Whether the reader of stdout has gone. */
  readonly outputClosed: () => boolean;
  readonly progress: Progress;
  /** One message for people on stderr; nothing with `--quiet`. */
  readonly note: (text: string) => void;
  /** The signal that asks the command to write its state and end. */
  readonly interrupted: () => Signal | null;
  /** Aborted by that signal, and when stdout closes on a command that ends then: for waiting on stdin. */
  readonly ending: AbortSignal;
  readonly now: () => Date;
}

export interface Input {
  readonly stream: Readable;
  readonly isTerminal: boolean;
}

/** Shows how far a long piece of work is: a bar on a terminal, a line now and then elsewhere, nothing with `--quiet`. */
export interface Progress {
  /** Starts a piece of work of `total` units ("images", "steps"); an earlier one that is not done ends. */
  start(options: { readonly title: string; readonly total: number; readonly unit: string }): ProgressTask;
}

export interface ProgressTask {
  /** `detail`: a few words shown behind the bar, "loss 1.23". */
  advance(by: number, detail?: string): void;
  /** So far, of a total that has been found to be another; `detail` as in `advance`. */
  at(done: number, total: number, detail?: string): void;
  done(): void;
}

/** 130 for SIGINT, 143 for SIGTERM. */
export function exitCodeOf(signal: Signal): number {
  return signal === "SIGINT" ? 130 : 143;
}
