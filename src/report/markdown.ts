/** A table as markdown, aligned for reading as plain text. */
import type { Table } from "./table.js";

/** `notes`: the lines below. Ends with a newline. */
export function markdown({ columns, rows }: Table, notes: readonly string[]): string {
  const head = columns.map(({ title }) => escaped(title));
  const body = rows.map((cells) => cells.map(({ text }) => escaped(text)));
  const widths = columns.map((_, i) => Math.max(3, ...[head, ...body].map((line) => lengthOf(line[i] ?? ""))));
  const row = (line: readonly string[]) =>
    `| ${line.map((text, i) => padded(text, widths[i] ?? 3, columns[i]?.isNumeric ?? false)).join(" | ")} |`;
  const rule = widths.map((width, i) =>
    columns[i]?.isNumeric ? `${"-".repeat(width - 1)}:` : `:${"-".repeat(width - 1)}`,
  );
  const table = [row(head), `| ${rule.join(" | ")} |`, ...body.map(row)].join("\n");
  return `${table}\n\n${notes.map((note) => `- ${oneLine(note)}`).join("\n")}\n`;
}

function padded(text: string, width: number, isRight: boolean): string {
  const space = " ".repeat(width - lengthOf(text));
  return isRight ? space + text : text + space;
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** Names come from files of others: none may leave its cell. A backslash before a pipe would undo the pipe's own. */
function escaped(text: string): string {
  return oneLine(text).replaceAll("\\", "\\\\").replaceAll("|", "\\|");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
