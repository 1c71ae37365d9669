/** Runs a command inside a program: options as an object, records as objects, nothing on the process's streams. */
import { Readable } from "node:stream";
import { mergeConfig } from "../cli/config.js";
import type { Command, CommandContext } from "../commands/command.js";
import type { OptionTable } from "../commands/options.js";
import { packageVersion } from "../core/package-version.js";
import { formatRecord } from "../formats/ndjson.js";
import { parseRecord, type StreamRecord } from "../records/events.js";
import { type GivenOptions, givenEntries } from "./given-options.js";
import type { RunInput, RunOptions } from "./run-options.js";

export interface CommandCall<Table extends OptionTable> extends RunOptions {
  readonly options: GivenOptions<Table>;
  readonly input?: RunInput | undefined;
}

/** Takes what the command writes to standard output. */
type Print = CommandContext["print"];

/** Gives the exit code: 0, or 1 where the answer is no. Throws what the command throws: UsageError, InputError, ResourceError. */
export async function runCommand<Table extends OptionTable>(
  command: Command<Table>,
  call: CommandCall<Table>,
  print: Print,
): Promise<number> {
  const entries = givenEntries(command.options, call.options);
  const first = await mergeConfig(command, entries);
  const stored = await command.stored?.(first.options);
  const { options, ...merged } = stored === undefined ? first : await mergeConfig(command, entries, stored);
  const context = { ...surroundings(call, print), ...merged, version: await packageVersion() };
  return command.run(options, context);
}

/** The records that a command writes, those that pass through included; types that this version does not know are left out. */
export async function recordsOf<Table extends OptionTable>(
  command: Command<Table>,
  call: CommandCall<Table>,
): Promise<readonly StreamRecord[]> {
  const records: StreamRecord[] = [];
  await runCommand(command, call, (written) => {
    for (const record of recordsIn(Buffer.from(written).toString("utf8"))) {
      records.push(record);
      call.onRecord?.(record);
    }
  });
  return records;
}

/** A command writes whole lines. */
function recordsIn(lines: string): readonly StreamRecord[] {
  const whole = lines.split("\n").filter((line) => line !== "");
  return whole.map((line) => parseRecord(JSON.parse(line), "a record")).filter((record) => record !== null);
}

type Surroundings = Omit<CommandContext, "config" | "resultConfig" | "given" | "typed" | "version">;

function surroundings<Table extends OptionTable>(call: CommandCall<Table>, print: Print): Surroundings {
  const { input = [], signal = new AbortController().signal, onNote = () => {} } = call;
  const { paths, records } = told(input);
  return {
    positionals: records.length === 0 ? paths : ["-"],
    stdin: () => ({ stream: Readable.from(records.map(formatRecord)), isTerminal: false }),
    emit: (record) => print(formatRecord(record)),
    print,
    drained: async () => {},
    outputClosed: () => false,
    progress: { start: () => ({ advance() {}, at() {}, done() {} }) },
    note: onNote,
    interrupted: () => (signal.aborted ? "SIGINT" : null),
    ending: signal,
    now: () => new Date(),
  };
}

function told(input: RunInput): { readonly paths: readonly string[]; readonly records: readonly StreamRecord[] } {
  const items = typeof input === "string" ? [input] : input;
  const paths = items.filter((item) => typeof item === "string");
  return { paths, records: items.filter((item) => typeof item !== "string") };
}
