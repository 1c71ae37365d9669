/**
 * Entry of the shims in bin/: loads one command by name, gives it its context, and turns what comes back into an exit code. What
 * help needs is imported here, all else where it is first used: help is to be there at once.
 */
import { Readable } from "node:stream";
import type { Command, CommandContext, Config, Input } from "../commands/command.js";
import type { OptionTable } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import { meant } from "../core/nearest.js";
import { packageVersion } from "../core/package-version.js";
import { formatRecord } from "../formats/ndjson.js";
import { COMMAND_NAMES, commandName, withCommand } from "./commands.js";
import { mergeConfig } from "./config.js";
import { exitCodes, reportFailure } from "./exit.js";
import { parseCommandLine } from "./flags.js";
import { helpText } from "./help.js";
import { Output } from "./output.js";
import type { Screen } from "./progress.js";
import { type Interruption, watchSignals } from "./signals.js";

/** Runs the command `name` with the process's arguments, then ends the process. */
export async function main(name: string): Promise<void> {
  const argv = process.argv.slice(2);
  const debug = argv.includes("--debug");
  const fail = (error: unknown) => process.exit(reportFailure(name, error, debug));
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const code = await (name === "sparse-robust" ? runByName(argv) : runCommand(name, argv));
  process.exit(code);
}

async function runByName(argv: readonly string[]): Promise<number> {
  const [name = "", ...rest] = argv;
  if (name === "--version") return printAndExit(`${await packageVersion()}\n`);
  if (name === "--help" || name === "-h") return printAndExit(OVERVIEW);
  if (commandName(name) !== null) return runCommand(name, rest);
  if (name === "completion") return printCompletion(rest);
  const names = [...COMMAND_NAMES, "completion"];
  const likely = likelyCommands(name, names);
  const hint = likely.length === 0 ? `the commands are ${names.join(", ")}` : `did you mean ${likely.join(" or ")}?`;
  const what = name === "" ? "name a command" : `${name}: no such command`;
  return reportFailure("sparse-robust", new UsageError(`${what}; ${hint}`), false);
}

/** The words of a name count too: `train` is sparse-train. */
function likelyCommands(name: string, names: readonly string[]): readonly string[] {
  const likely = meant(name, names);
  return likely.length > 0 ? likely : names.filter((known) => known.split("-").includes(name.toLowerCase()));
}

async function printCompletion([shell, ...rest]: readonly string[]): Promise<number> {
  try {
    if (rest.length > 0) throw new UsageError(`${rest[0]}: completion takes one shell`);
    const { completionScript } = await import("./completion.js");
    return await printAndExit(await completionScript(shell));
  } catch (error) {
    return reportFailure("sparse-robust", error, false);
  }
}

const OVERVIEW = `sparse-robust COMMAND [OPTION...]

Runs one of the commands under a name that nothing else on the machine has.

Commands: ${COMMAND_NAMES.join(", ")}
          completion bash|zsh: print a script that completes commands, flags and values in that shell

Examples:
  sparse-robust attack-eval --help
  source <(sparse-robust completion bash)
`;

async function runCommand(name: string, argv: readonly string[]): Promise<number> {
  try {
    const known = commandName(name);
    if (known === null) throw new Error(`no command ${name}`);
    return await withCommand(known, (command) => start(command, argv));
  } catch (error) {
    return reportFailure(name, error, argv.includes("--debug"));
  }
}

async function start<Table extends OptionTable>(command: Command<Table>, argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(command, argv);
  if (line.help) return printAndExit(helpText(command));
  if (line.version) return printAndExit(`${await packageVersion()}\n`);
  if (line.flags.get("engines") === true) return printAndExit(await enginesText());
  const merged = await mergedConfig(command, line.flags);
  if (line.flags.get("printConfig") === true) {
    const settled = await command.settled?.(merged.options, { ...merged, positionals: line.positionals });
    return printAndExit(await configText(settled ?? merged.config));
  }
  const surroundings = await surround(command, line.flags.get("quiet") === true || merged.config.quiet === true);
  try {
    const context = {
      ...surroundings.context,
      ...merged,
      positionals: line.positionals,
      version: await packageVersion(),
    };
    const code = await command.run(merged.options, context);
    await surroundings.output.finished();
    return surroundings.output.hasLostReader && command.whenClosed === "end" ? exitCodes.done : code;
  } catch (error) {
    if (surroundings.output.hasLostReader && command.whenClosed === "end") return exitCodes.done;
    surroundings.screen.clear();
    throw error;
  } finally {
    surroundings.screen.clear();
    surroundings.interruption.release();
  }
}

/** With what a run that is gone on with was started with, where nothing else is given. */
async function mergedConfig<Table extends OptionTable>(command: Command<Table>, flags: ReadonlyMap<string, unknown>) {
  const merged = await mergeConfig(command, flags);
  const stored = await command.stored?.(merged.options);
  return stored === undefined ? merged : mergeConfig(command, flags, stored);
}

interface Surroundings {
  readonly output: Output;
  readonly screen: Screen;
  readonly interruption: Interruption;
  readonly context: Omit<CommandContext, "positionals" | "config" | "resultConfig" | "given" | "typed" | "version">;
}

async function surround<Table extends OptionTable>(command: Command<Table>, quiet: boolean): Promise<Surroundings> {
  const { screenFor } = await import("./progress.js");
  const screen = screenFor({ name: command.name, quiet, stderr: process.stderr });
  const ending = new AbortController();
  const interruption = watchSignals((signal) => {
    screen.note(`${signal}: ending in good order; once more to end at once`);
    ending.abort();
  });
  const output = new Output(process.stdout, () => {
    if (command.whenClosed === "end") ending.abort();
    else screen.note("the reader of standard output has gone; the run goes on, its records are in --out");
  });
  const context = {
    stdin: standardInput,
    emit: (record: Readonly<Record<string, unknown>>) => output.write(formatRecord(record)),
    print: (text: string | Uint8Array) => output.write(text),
    drained: () => output.drained(),
    outputClosed: () => output.closed,
    progress: screen.progress,
    note: screen.note,
    interrupted: interruption.signal,
    ending: ending.signal,
    now: () => new Date(),
  };
  return { output, screen, interruption, context };
}

/** An empty stream where standard input was closed by the caller. */
function standardInput(): Input {
  try {
    return { stream: process.stdin, isTerminal: process.stdin.isTTY === true };
  } catch {
    return { stream: Readable.from([]), isTerminal: false };
  }
}

async function printAndExit(text: string): Promise<number> {
  const output = new Output(process.stdout, () => {});
  output.write(text);
  await output.finished();
  return exitCodes.done;
}

async function configText(config: Config): Promise<string> {
  return (await import("./config-file.js")).configText(config);
}

async function enginesText(): Promise<string> {
  const { describeEngines } = await import("../engines/choose.js");
  return `${describeEngines()}\n`;
}
