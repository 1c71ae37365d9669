/** A command's surroundings without a command line: flags go through the real config, records and notes are collected. */
import { Readable } from "node:stream";
import { mergeConfig } from "../../src/cli/config.js";
import type { Command, CommandContext, OptionValues, Signal } from "../../src/commands/command.js";
import type { OptionTable } from "../../src/commands/options.js";

export interface CommandCall<Table extends OptionTable> {
  readonly options: OptionValues<Table>;
  readonly context: CommandContext;
  /** Every line on stdout, records that pass through included. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  readonly notes: readonly string[];
}

/** `flags` by config key; `interrupted` is asked as the command asks. */
export async function callOf<Table extends OptionTable>(
  command: Command<Table>,
  flags: Readonly<Record<string, unknown>>,
  interrupted: () => Signal | null = () => null,
): Promise<CommandCall<Table>> {
  const { options, ...merged } = await mergeConfig(command, new Map(Object.entries(flags)));
  let output = "";
  const notes: string[] = [];
  const task = { advance() {}, at() {}, done() {} };
  const context: CommandContext = {
    ...merged,
    positionals: [],
    stdin: () => ({ stream: Readable.from([]), isTerminal: false }),
    version: "0.0.0",
    emit(record) {
      output += `${JSON.stringify(record)}\n`;
    },
    print(text) {
      output += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    },
    drained: async () => {},
    outputClosed: () => false,
    progress: { start: () => task },
    note: (text) => notes.push(text),
    interrupted,
    ending: new AbortController().signal,
    now: () => new Date(),
  };
  const lines = () => output.split("\n").filter(Boolean).map(parseLine);
  return { options, context, lines, notes };
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) throw new Error(`no record: ${line}`);
  return Object.fromEntries(Object.entries(record));
}
