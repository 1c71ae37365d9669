/** The text of `--help`, from the same option table as the flags. */
import type { Command } from "../commands/command.js";
import type { OptionInfo, OptionTable } from "../commands/options.js";
import { defaultText, flagsOf } from "./flags.js";

const WIDTH = 100;
const EXIT_CODES =
  "Exit codes: 0 done, 1 the answer is no, 2 bad usage or input, 3 our bug, device, memory or disk, 130 and 143 interrupted";

/** Usage, one example, every option, exit codes; ends with a newline. */
export function helpText<Table extends OptionTable>(command: Command<Table>): string {
  const { name, summary, example, positional } = command;
  const rows = [...flagsOf(command)].map(([flag, info]) => ({ left: flagText(flag, info), right: description(info) }));
  const indent = Math.min(34, Math.max(...rows.map(({ left }) => left.length)) + 2);
  const usage = `${name} [OPTION...]${positional === undefined ? "" : ` ${positional.name}`}`;
  const files = positional === undefined ? [] : [`  ${positional.name}: ${positional.help}`, ""];
  const options = rows.map(({ left, right }) => optionText(left, right, indent));
  const lines = [usage, "", `${summary}.`, "", "Example:", `  ${example}`, "", ...files, "Options:", ...options, ""];
  return `${[...lines, ...wrapped(EXIT_CODES, WIDTH)].join("\n")}\n`;
}

function flagText(flag: string, info: OptionInfo): string {
  const short = info.short === undefined ? "   " : `-${info.short},`;
  const argument = info.kind === "switch" ? "" : ` ${info.argument ?? "X"}`;
  return `  ${short} --${flag}${argument}`;
}

function description(info: OptionInfo): string {
  const value = defaultText(info);
  const choices = info.choices === undefined ? "" : `: ${info.choices.join(", ")}`;
  return `${info.help}${choices}${value === null ? "" : ` [${value}]`}`;
}

/** A flag too long for its column has its description on the next line. */
function optionText(left: string, right: string, indent: number): string {
  const [first = "", ...rest] = wrapped(right, WIDTH - indent);
  const head = left.length + 2 > indent ? `${left}\n${" ".repeat(indent)}` : left.padEnd(indent);
  return [head + first, ...rest.map((line) => " ".repeat(indent) + line)].join("\n");
}

function wrapped(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
