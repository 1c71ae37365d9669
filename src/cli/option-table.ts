/** The option tables of docs/options.md, from the same declarations as flags and help. */
import type { Command } from "../commands/command.js";
import type { OptionInfo, OptionTable } from "../commands/options.js";
import { COMMAND_NAMES, commandName, withCommand } from "./commands.js";
import { defaultText, flagsOf } from "./flags.js";

/** A table stands between `<!-- options of compare -->` and `<!-- end of options -->`. */
const MARKED = /(<!-- options of ([\w-]+) -->\n)[\s\S]*?(<!-- end of options -->)/g;

/** The text with every marked table written anew. Throws for a marker that names no command. */
export async function withOptionTables(text: string): Promise<string> {
  const tables = new Map<string, string>();
  for (const [, , name = ""] of text.matchAll(MARKED)) {
    const command = commandName(name);
    if (command === null) throw new Error(`"options of ${name}": the commands are ${COMMAND_NAMES.join(", ")}`);
    tables.set(name, await withCommand(command, optionTable));
  }
  return text.replace(MARKED, (_, begin: string, name: string, end: string) => `${begin}\n${tables.get(name)}\n${end}`);
}

/** One line an option: flag with its argument, what it does, default. Ends with a newline. */
export function optionTable<Table extends OptionTable>(command: Command<Table>): string {
  const rows = [...flagsOf(command)]
    .filter(([flag]) => flag !== "help" && flag !== "version")
    .map(([flag, info]) => `| ${flagCell(flag, info)} | ${meaning(info)} | ${defaultCell(info)} |`);
  return `${["| option | meaning | default |", "| :-- | :-- | :-- |", ...rows].join("\n")}\n`;
}

function flagCell(flag: string, info: OptionInfo): string {
  const argument = info.kind === "switch" ? "" : ` ${info.argument ?? "X"}`;
  return `\`--${flag}${argument}\``;
}

function meaning({ help, choices }: OptionInfo): string {
  const text = choices === undefined ? help : `${help}: ${choices.map((choice) => `\`${choice}\``).join(", ")}`;
  return text.replaceAll("|", "\\|");
}

/** A value as code, words as words. */
function defaultCell(info: OptionInfo): string {
  const text = defaultText(info);
  if (text === null) return "";
  return info.defaultText === undefined ? `\`${text}\`` : text.replaceAll("|", "\\|");
}
