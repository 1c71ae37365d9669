/** What completion knows of the commands: their flags and what may follow each. */
import type { OptionInfo } from "../commands/options.js";
import { COMMAND_NAMES, withCommand } from "./commands.js";
import { flagsOf } from "./flags.js";

/** What may be written after a flag. */
export type Value =
  | { readonly type: "none" }
  | { readonly type: "file" | "folder" | "free" }
  /** "some of": with commas. */
  | { readonly type: "one of" | "some of"; readonly words: readonly string[] };

export interface CompletedFlag {
  /** With its dashes. */
  readonly flag: string;
  readonly help: string;
  /** Its argument's name: FILE, N. */
  readonly argument: string;
  readonly value: Value;
  readonly isRepeatable: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly takesFiles: boolean;
}

/** All of them, in the order of help. */
export async function completedCommands(): Promise<CompletedCommand[]> {
  const names = await namesInFlags();
  return Promise.all(COMMAND_NAMES.map((name) => completed(name, names)));
}

type Names = ReadonlyMap<string, Value>;

/** Of flags whose names no option table holds: beside a name each of them takes something else too. */
async function namesInFlags(): Promise<Names> {
  const [{ DATA_NAMES }, { MODEL_NAMES }, { allocationRules }, columns, published] = await Promise.all([
    import("../data/catalog.js"),
    import("../models/catalog.js"),
    import("../commands/prune-hydra-options.js"),
    columnNames(),
    publishedNames(),
  ]);
  return new Map([
    ["data", { type: "one of", words: DATA_NAMES }],
    ["model", { type: "one of", words: MODEL_NAMES }],
    ["allocation", { type: "one of", words: [...allocationRules, "budget-of"] }],
    ["attacks", { type: "some of", words: ATTACK_NAMES }],
    ["baseline", { type: "file" }],
    ["columns", { type: "some of", words: columns }],
    ["sort-by", { type: "one of", words: columns }],
    ["published", { type: "some of", words: published }],
  ]);
}

/** Facts, and the attacks that are groups of no others. */
async function columnNames(): Promise<readonly string[]> {
  const { facts } = await import("../report/facts.js");
  const groups = ["quick", "poster"];
  return [...facts.map(({ key }) => key), ...ATTACK_NAMES.filter((name) => !groups.includes(name))];
}

async function publishedNames(): Promise<readonly string[]> {
  const { readPublished } = await import("../report/published-files.js");
  const records = await readPublished();
  return [...new Set(["all", ...records.map(({ source }) => source), ...records.map(({ method }) => method)])];
}

/** The usual ones of each family and the groups: `pgdN` is known for every N. */
export const ATTACK_NAMES = [
  ...[
    "quick",
    "poster",
    "clean",
    "fgsm",
    "pgd10x1",
    "pgd50x1",
    "pgd50",
    "pgd100",
    "cw",
    "apgd-ce",
    "apgd-dlr",
    "apgd-t",
  ],
  ...["fab", "fab-t", "square", "bb", "aa", "aa-plus", "aa-rand"],
];

function completed(name: (typeof COMMAND_NAMES)[number], names: Names): Promise<CompletedCommand> {
  return withCommand(name, (command) => {
    const flags = [...flagsOf(command)].map(([flag, info]) => ({
      flag: `--${flag}`,
      help: info.help,
      argument: info.argument ?? "X",
      value: names.get(flag) ?? valueAfter(info),
      isRepeatable: info.kind === "texts",
    }));
    return { name, summary: command.summary, flags, takesFiles: command.positional !== undefined };
  });
}

function valueAfter({ kind, choices, argument }: OptionInfo): Value {
  if (kind === "switch") return { type: "none" };
  if (choices !== undefined) return { type: "one of", words: choices };
  if (argument === "DIR") return { type: "folder" };
  return { type: argument === "FILE" || argument === "CHECKPOINT" ? "file" : "free" };
}
