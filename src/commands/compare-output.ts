/** The comparison in the format asked for, and at the end of a CI job's summary. */
import { appendFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { bibtex } from "../report/bibtex.js";
import type { Comparison } from "../report/comparison.js";
import { csv } from "../report/csv.js";
import { footer } from "../report/footer.js";
import { type Verdict, verdictNotes } from "../report/gate.js";
import { jsonReport } from "../report/json-report.js";
import { latex } from "../report/latex.js";
import { type LayoutName, layoutTable } from "../report/layouts.js";
import { markdown } from "../report/markdown.js";
import type { Collected } from "../report/results.js";
import { fittingSummary } from "../report/step-summary.js";
import type { Table } from "../report/table.js";
import type { CommandContext, OptionValues } from "./command.js";
import type { compareOptions } from "./compare-options.js";

type Options = OptionValues<typeof compareOptions>;

/** What `compare` has found out before it writes anything. */
export interface Made {
  readonly comparison: Comparison;
  readonly collected: Collected;
  readonly verdict: Verdict | null;
}

export async function renderComparison(options: Options, made: Made, context: CommandContext): Promise<string> {
  if (options.bibtex) return bibtex(made.comparison);
  const table = tableOf(options, made.comparison);
  const format = formatOf(options);
  if (format === "html") {
    return (await import("./compare-figures.js")).renderPage(table, notesOf(made, table), made, context);
  }
  return formats[format](table, made);
}

const formats = {
  md: (table: Table, made: Made) => markdown(table, notesOf(made, table)),
  csv: (table: Table) => csv(table),
  json: (table: Table, { comparison, verdict }: Made) => jsonReport(table, comparison.remarks, verdict),
  latex: (table: Table, made: Made) => latex(table, notesOf(made, table)),
} as const;

type Format = NonNullable<Options["format"]>;

/** As `--format` says; else what the ending of `--out` is the usual one of. */
function formatOf({ format, out }: Options): Format {
  return format ?? ofEnding.get(extname(out ?? "").toLowerCase()) ?? "md";
}

const ofEnding: ReadonlyMap<string, Format> = new Map([
  [".csv", "csv"],
  [".json", "json"],
  [".html", "html"],
  [".htm", "html"],
  [".tex", "latex"],
]);

/** UsageError where there is no summary to append to. */
export async function appendStepSummary(options: Options, made: Made, context: CommandContext): Promise<void> {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === "") {
    throw new UsageError("--step-summary: $GITHUB_STEP_SUMMARY is not set; it names the file on GitHub's runners");
  }
  const used = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const table = tableOf({ ...options, format: "md" }, made.comparison);
  const { text, leftOut } = fittingSummary(table, notesOf(made, table), used);
  if (leftOut !== null) context.note(leftOut);
  try {
    appendFileSync(file, text);
  } catch (error) {
    throw fileError(error, "write", file);
  }
}

/** The facts and attacks that the table shows; null for the usual ones, and where `--columns` names fields of results. */
export function shownNames(options: Options): readonly string[] | null {
  return layoutOf(options) === "results" ? null : options.columns;
}

function tableOf(options: Options, comparison: Comparison): Table {
  const { columns, digits, sortBy } = options;
  return layoutTable(layoutOf(options), comparison, { names: columns, digits, sortBy });
}

function layoutOf(options: Options): LayoutName {
  const format = formatOf(options);
  return options.layout ?? (format === "csv" || format === "json" ? "results" : "poster");
}

function notesOf({ comparison, verdict }: Made, table: Table): readonly string[] {
  return [...footer(comparison, table), ...(verdict === null ? [] : verdictNotes(verdict))];
}
