/** A table as JSON: an object a row, the remarks, and the verdict where there is one. */
import type { Verdict } from "./gate.js";
import type { Table } from "./table.js";

/** Ends with a newline. */
export function jsonReport({ columns, rows }: Table, remarks: readonly string[], verdict: Verdict | null): string {
  const results = rows.map((cells) => Object.fromEntries(columns.map(({ key }, i) => [key, cells[i]?.value ?? null])));
  const judged = verdict === null ? {} : { verdict };
  return `${JSON.stringify({ results, remarks, ...judged }, null, 2)}\n`;
}
