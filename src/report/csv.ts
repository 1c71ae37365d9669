/** A table as CSV (RFC 4180, lines end with "\n"): values at full precision, nothing where a value is not known. */
import type { Table } from "./table.js";

export function csv({ columns, rows }: Table): string {
  const lines = [columns.map(({ key }) => key), ...rows.map((cells) => cells.map(({ value }) => value))];
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}

function field(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
