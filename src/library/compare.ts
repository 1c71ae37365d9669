/** `compare` as a function. */
import { z } from "zod";
import { compare as compareCommand } from "../commands/compare.js";
import type { compareOptions } from "../commands/compare-options.js";
import { UsageError } from "../core/errors.js";
import type { GivenOptions } from "./given-options.js";
import { runCommand } from "./run-command.js";
import type { RunInput, RunOptions } from "./run-options.js";

export type CompareOptions = GivenOptions<typeof compareOptions>;

export interface CompareOutcome {
  /** The table as `format` asks for it, markdown unless told otherwise; empty with `out`. */
  readonly text: string;
  /** A row for each network and attack, with its interval, its difference and p-value: what `format: "json"` holds. */
  readonly results: readonly Readonly<Record<string, unknown>>[];
  /** False where `failIf` held for a network. */
  readonly passed: boolean;
}

/** Compares the results in record files or records. Throws as the command does. */
export async function compare(
  results: RunInput,
  options: CompareOptions = {},
  run: Pick<RunOptions, "onNote"> = {},
): Promise<CompareOutcome> {
  if (results.length === 0) throw new UsageError("nothing to compare: give record files, or records of attacks");
  const { text, code } = await textOf({ ...run, options, input: results });
  const report = await textOf({ options: { ...options, ...asReport }, input: results });
  return { text, results: reportSchema.parse(JSON.parse(report.text)).results, passed: code === 0 };
}

/** The same comparison with nothing written, judged or left out. */
const asReport = {
  format: "json",
  layout: "results",
  columns: null,
  sortBy: null,
  digits: null,
  out: null,
  plot: null,
  figure: null,
  exportTensorboard: null,
  failIf: null,
  junit: null,
  bibtex: false,
  stepSummary: false,
} as const;

const reportSchema = z.object({ results: z.array(z.record(z.string(), z.unknown())) });

type Call = Parameters<typeof runCommand<typeof compareOptions>>[1];

async function textOf(call: Call): Promise<{ readonly text: string; readonly code: number }> {
  let text = "";
  const code = await runCommand(compareCommand, call, (written) => {
    text += Buffer.from(written).toString("utf8");
  });
  return { text, code };
}
