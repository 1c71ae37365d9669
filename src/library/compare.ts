/** `compare` as a function. */
import { compare as compareCommand } from "../commands/compare.js";
import type { compareOptions } from "../commands/compare-options.js";
import { UsageError } from "../core/errors.js";
import { type ComparisonEntry, comparisonEntries } from "../report/entries.js";
import type { GivenOptions } from "./given-options.js";
import { runCommand } from "./run-command.js";
import type { RunInput, RunOptions } from "./run-options.js";

export type CompareOptions = GivenOptions<typeof compareOptions>;

export interface CompareOutcome {
  /** The table as `format` asks for it, markdown unless told otherwise; empty with `out`. */
  readonly text: string;
  /** One for each network and attack, with its interval, its difference and p-value: the rows of `layout: "results"`. */
  readonly results: readonly ComparisonEntry[];
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
  let text = "";
  let entries: readonly ComparisonEntry[] = [];
  const command: typeof compareCommand = {
    ...compareCommand,
    run: async (merged, context) => {
      const { readComparison, tellComparison } = await import("../commands/run-compare.js");
      const made = await readComparison(merged, context);
      if (made === null) throw new Error("the comparison was ended, and nothing could have ended it");
      entries = comparisonEntries(made.comparison);
      return tellComparison(merged, context, made);
    },
  };
  const code = await runCommand(command, { ...run, options, input: results }, (written) => {
    text += Buffer.from(written).toString("utf8");
  });
  return { text, results: entries, passed: code === 0 };
}
