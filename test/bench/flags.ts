/** Flags of a benchmark as a table: what is parsed, what `--help` prints, what a list may hold. */
import { parseArgs } from "node:util";
import { UsageError } from "../../src/core/errors.js";
import { didYouMean } from "../../src/core/nearest.js";

export interface Flag {
  readonly type: "string";
  readonly default?: string;
  readonly help: string;
  /** What its list, with commas, may hold; numbers where it holds those. */
  readonly among?: readonly string[] | "numbers";
}

export type FlagTable = Readonly<Record<string, Flag>>;

type Parsed<Table extends FlagTable> = ReturnType<typeof parseArgs<{ args: string[]; options: Table }>>;

/** UsageError for a flag that the table has not, one without a value, and a value that it may not have. */
export function readFlags<Table extends FlagTable>(table: Table, given: readonly string[]): Parsed<Table>["values"] {
  const { values } = parsed(table, given);
  for (const [name, { among }] of Object.entries(table)) {
    const value = new Map<string, unknown>(Object.entries(values)).get(name);
    if (among !== undefined && typeof value === "string" && value !== "") requireAmong(`--${name}`, value, among);
  }
  return values;
}

/** Lines of `--flag  what it is [default]`. */
export function flagsHelp(table: FlagTable): string {
  const names = Object.keys(table);
  const indent = Math.max(...names.map((name) => name.length)) + 6;
  const lines = Object.entries(table).map(([name, flag]) => {
    const choices = Array.isArray(flag.among) ? `: ${flag.among.join(", ")}` : "";
    return `  --${name}`.padEnd(indent) + flag.help + choices + defaultText(flag);
  });
  return `${lines.join("\n")}\n`;
}

function defaultText({ default: value = "", among }: Flag): string {
  if (value === "") return "";
  return Array.isArray(among) && among.length > 1 && value === among.join(",") ? " [all]" : ` [${value}]`;
}

function parsed<Table extends FlagTable>(options: Table, given: readonly string[]): Parsed<Table> {
  try {
    return parseArgs({ args: [...given], options });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\. |\n/);
    const [, name] = /'--([^'= ]+)/.exec(sentence) ?? [];
    const isUnknown = name !== undefined && !(name in options);
    throw new UsageError(`${sentence}${isUnknown ? didYouMean(name, Object.keys(options)) : ""}`);
  }
}

function requireAmong(flag: string, text: string, among: readonly string[] | "numbers"): void {
  for (const value of text.split(",")) {
    if (among === "numbers" && !(Number(value) > 0))
      throw new UsageError(`${flag} ${text}: numbers above zero, please`);
    if (among !== "numbers" && !among.includes(value)) {
      throw new UsageError(`${flag} ${value}: there is ${among.join(", ")}${didYouMean(value, among)}`);
    }
  }
}
