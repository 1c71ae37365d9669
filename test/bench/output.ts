/** Records on stdout, the table on stderr. */
import { formatRecord } from "../../src/formats/ndjson.js";

export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const run = `bench-${Date.now().toString(36)}`;

export function record(name: string, figure: Figure): void {
  const time = new Date().toISOString();
  process.stdout.write(formatRecord({ type: "benchmark", run, time, name, ...figure }));
}

export function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A row of a markdown table. */
export function row(cells: readonly (string | number)[]): void {
  print(`| ${cells.join(" | ")} |`);
}

/** Its head: text to the left in the first column, numbers to the right in the others. */
export function head(titles: readonly string[]): void {
  row(titles);
  row(titles.map((_, i) => (i === 0 ? ":--" : "--:")));
}

export function rounded(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(0)}%` : "–";
}
