/** The command line of one command: flags by yargs' parser from the option table, unknown ones refused with the nearest known. */
import parse, { type Options } from "yargs-parser";
import type { Command } from "../commands/command.js";
import { configKey, flagName, type OptionInfo, type OptionTable } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import { meant } from "../core/nearest.js";

export interface CommandLine {
  /** Values as written, by config key, of the flags that were given. */
  readonly flags: ReadonlyMap<string, unknown>;
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

/** Throws a UsageError for an unknown flag, one without its value, or an argument too many. */
export function parseCommandLine<Table extends OptionTable>(
  command: Command<Table>,
  argv: readonly string[],
): CommandLine {
  const known = flagsOf(command);
  const { argv: parsed, error } = parse.detailed([...argv], parserOptions(known));
  if (error !== null) throw new UsageError(error.message);
  const { _: positionals, ...values } = parsed;
  refuseUnknown(command, Object.keys(values), known);
  const given = Object.entries(values).map(([flag, value]) => [flag, lastGiven(value, known.get(flag))] as const);
  for (const [flag, value] of given) requireValue(flag, value, known.get(flag));
  const flags = new Map(given.map(([flag, value]) => [configKey(flag), value]));
  const { positional } = command;
  if (positionals.length > 0 && !(positional?.many || (positional && positionals.length === 1))) {
    throw new UsageError(
      `${positionals[positional ? 1 : 0]}: ${command.name} takes ${positional ? "one file" : "no argument"}`,
    );
  }
  return { flags, positionals: positionals.map(String), help: flags.has("help"), version: flags.has("version") };
}

const plainParsing = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "strip-aliased": true,
};

const builtIn: ReadonlyMap<string, OptionInfo> = new Map([
  ["help", { kind: "switch", help: "print this text and exit", default: false, short: "h" }],
  ["version", { kind: "switch", help: "print the version and exit", default: false }],
]);

/** Every flag of a command with what is known about it, `--help` and `--version` last. */
export function flagsOf<Table extends OptionTable>(command: Command<Table>): ReadonlyMap<string, OptionInfo> {
  const options = Object.entries(command.options).map(([key, { info }]) => [flagName(key), info] as const);
  return new Map([...options.filter(([, info]) => info.isFlag !== false), ...builtIn]);
}

function parserOptions(flags: ReadonlyMap<string, OptionInfo>): Options {
  const entries = [...flags];
  const named = (is: (info: OptionInfo) => boolean) => entries.filter(([, info]) => is(info)).map(([flag]) => flag);
  return {
    boolean: named(({ kind }) => kind === "switch"),
    string: named(({ kind }) => kind !== "switch"),
    array: named(({ kind }) => kind === "texts"),
    alias: Object.fromEntries(entries.flatMap(([flag, { short }]) => (short === undefined ? [] : [[flag, [short]]]))),
    configuration: plainParsing,
  };
}

/** What help and tables say about the default; null where there is none. */
export function defaultText(info: OptionInfo): string | null {
  if (info.defaultText !== undefined) return info.defaultText;
  return info.default === null || info.kind === "switch" || info.kind === "texts" ? null : String(info.default);
}

/** Of a flag that is given twice the last counts, unless it is one that collects. */
function lastGiven(value: unknown, info: OptionInfo | undefined): unknown {
  return Array.isArray(value) && info?.kind !== "texts" ? value.at(-1) : value;
}

/** A flag at the end of the line, or before another one, has no value. */
function requireValue(flag: string, value: unknown, info: OptionInfo | undefined): void {
  if (info?.kind === "switch" || (Array.isArray(value) ? value.length > 0 && !value.includes("") : value !== ""))
    return;
  throw new UsageError(`--${flag}: needs a value, --${flag} ${info?.argument ?? "X"}`);
}

function refuseUnknown<Table extends OptionTable>(
  command: Command<Table>,
  given: readonly string[],
  known: ReadonlyMap<string, OptionInfo>,
): void {
  for (const flag of given) {
    if (known.has(flag)) continue;
    const written = flag.length === 1 ? `-${flag}` : `--${flag}`;
    if (command.later?.includes(flag)) throw new UsageError(`${written}: not in this version yet`);
    const own = command.namedHere?.[flag];
    const near = own ?? (flag.length === 1 ? [] : meant(flag, [...known.keys()]));
    const likely = near.map((name) => `--${name}`);
    const hint = likely.length === 0 ? `see ${command.name} --help` : `did you mean ${likely.join(" or ")}?`;
    throw new UsageError(`${written}: ${command.name} has no such flag; ${hint}`);
  }
}
