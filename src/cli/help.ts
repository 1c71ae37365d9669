/** The text of `--help`, from the same option table as the flags. */
import type { Command } from "../commands/command.js";
import type { OptionInfo, OptionTable } from "../commands/options.js";
import { defaultText, flagsOf } from "./flags.js";

const WIDTH = 100;
const EXIT_CODES = [
  ["0", "done"],
  ["1", "ran to the end, and the answer is no (compare --fail-if)"],
  ["2", "bad usage, config or input; whatever was computed before it showed is kept"],
  ["3", "our bug, or device, memory or disk failed"],
  ["130, 143", "interrupted; a training or an attack with --state goes on from what it saved"],
] as const;

/** Each with an option of the commands that it matters to. */
const ENVIRONMENT = [
  { option: "dataDir", name: "SPARSE_ROBUST_DATA", help: "folder of data sets, where --data-dir names none" },
  { option: "engine", name: "SPARSE_ROBUST_TARGET", help: "instruction set of the native engine, such as avx2" },
  { option: "engine", name: "SPARSE_ROBUST_TENSORFLOW", help: "folder that install-tensorflow.sh filled" },
  { option: "stepSummary", name: "GITHUB_STEP_SUMMARY", help: "file of --step-summary; GitHub's runners set it" },
] as const;

/** Usage, one example, every option, what is written, the config file, environment, exit codes; ends with a newline. */
export function helpText<Table extends OptionTable>(command: Command<Table>): string {
  const { name, summary, example, positional } = command;
  const rows = [...flagsOf(command)].map(([flag, info]) => ({ left: flagText(flag, info), right: description(info) }));
  const indent = Math.min(34, Math.max(...rows.map(({ left }) => left.length)) + 2);
  const usage = `${name} [OPTION...]${positional === undefined ? "" : ` ${positional.name}`}`;
  const files = positional === undefined ? [] : [`  ${positional.name}: ${positional.help}`, ""];
  const options = rows.map(({ left, right }) => optionText(left, right, indent));
  const lines = [usage, "", `${summary}.`, "", "Example:", `  ${example}`, "", ...files, "Options:", ...options, ""];
  return `${[...lines, ...afterwards(command)].join("\n")}\n`;
}

/** What no flag says. */
function afterwards<Table extends OptionTable>(command: Command<Table>): readonly string[] {
  const config =
    "--config FILE is YAML whose keys are the long flags in camelCase; --set a.b=c wins over it, a flag over both. --print-config prints what they come to, which is a config itself.";
  const variables = ENVIRONMENT.filter(({ option }) => option in command.options);
  const environment = listed(variables.map(({ name, help }) => [name, help]));
  return [
    ...["Standard output:", ...indented(command.output), ""],
    ...["Config:", ...indented(config), ""],
    ...(environment.length === 0 ? [] : ["Environment:", ...environment, ""]),
    ...["Exit codes:", ...listed(EXIT_CODES)],
  ];
}

function indented(text: string): readonly string[] {
  return wrapped(text, WIDTH - 2).map((line) => `  ${line}`);
}

function listed(rows: readonly (readonly [string, string])[]): readonly string[] {
  const indent = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.map(([name, help]) => optionText(`  ${name}`, help, indent));
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
