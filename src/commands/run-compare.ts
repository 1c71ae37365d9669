/** What `compare` does once its options are read: record streams in; the table, the verdict and the figures out. */
import { existsSync } from "node:fs";
import { writeAtomically } from "../core/atomic-write.js";
import { InputError, UsageError } from "../core/errors.js";
import { findBaselines } from "../report/baseline.js";
import { compareNetworks } from "../report/compare-networks.js";
import type { Comparison } from "../report/comparison.js";
import { judge, type Verdict, verdictNotes } from "../report/gate.js";
import { type Condition, parseCondition } from "../report/gate-syntax.js";
import { junit } from "../report/junit.js";
import { type PublishedNetwork, selectPublished } from "../report/published.js";
import { readPublished } from "../report/published-files.js";
import { publishedHint } from "../report/published-hint.js";
import type { Collected } from "../report/results.js";
import { type CommandContext, exitCodeOf, type OptionValues } from "./command.js";
import { collectRecords, isFile } from "./compare-input.js";
import type { compareOptions } from "./compare-options.js";
import { appendStepSummary, type Made, renderComparison, shownNames } from "./compare-output.js";

type Options = OptionValues<typeof compareOptions>;

export async function runCompare(options: Options, context: CommandContext): Promise<number> {
  const made = await readComparison(options, context);
  return made === null ? endedEarly(context) : tellComparison(options, context, made);
}

/** Reads, compares and judges, and writes nothing. Null where a signal ended it, or a reader that has gone. */
export async function readComparison(options: Options, context: CommandContext): Promise<Made | null> {
  const { baseline, failIf } = options;
  await requireSound(options);
  const condition = failIf === null ? null : parseCondition(failIf);
  const baselineIsFile = baseline !== null && isFile(baseline);
  const collected = await collectRecords(context, baselineIsFile ? baseline : null);
  if (collected === null) return null;
  if (collected.networks.length === 0) throw new InputError(nothingToCompare(collected));
  const published = await publishedBeside(collected, options.published, context);
  const comparison = comparisonOf(collected, options, { baselineIsFile, condition, published });
  return { comparison, collected, verdict: verdictOf(failIf, condition, comparison) };
}

/** Writes the table and all else that the options ask for; gives the exit code. */
export async function tellComparison(options: Options, context: CommandContext, made: Made): Promise<number> {
  await write(options, context, made);
  const { verdict } = made;
  if (verdict === null || !verdict.failed) return 0;
  for (const note of verdictNotes(verdict)) context.note(note);
  return 1;
}

/** What can be refused before anything is read. */
async function requireSound({ out, junit, plot, figure, failIf, force }: Options): Promise<void> {
  for (const file of [out, junit, plot]) if (file !== null) requireFree(file, force);
  if (junit !== null && failIf === null) throw new UsageError("--junit writes a verdict; give --fail-if too");
  if (figure !== null && plot === null)
    throw new UsageError("--figure chooses what --plot draws; give --plot FILE too");
  if (plot !== null) (await import("./compare-figures.js")).requirePlotFile(plot);
}

/** By a signal, or because nobody reads stdout any more. */
function endedEarly(context: CommandContext): number {
  const signal = context.interrupted();
  return signal === null ? 0 : exitCodeOf(signal);
}

function requireFree(out: string, force: boolean): void {
  if (existsSync(out) && !force) throw new UsageError(`${out}: the file exists; --force overwrites it`);
}

function nothingToCompare({ unfinishedRuns }: Collected): string {
  const why = unfinishedRuns.length === 0 ? "" : ` (${unfinishedRuns.join("; ")})`;
  return `nothing to compare: the input has no attack.result record${why}; attack-eval writes them`;
}

interface Settled {
  readonly baselineIsFile: boolean;
  /** Of `--fail-if`. */
  readonly condition: Condition | null;
  readonly published: readonly PublishedNetwork[];
}

function comparisonOf(collected: Collected, options: Options, settled: Settled): Comparison {
  const { baseline, mixed } = options;
  const { baselineIsFile, condition, published } = settled;
  const baselines = baseline === null ? new Map() : findBaselines(baseline, baselineIsFile, collected.networks);
  const asked = { shown: shownNames(options), gate: condition };
  return compareNetworks(collected, { baselines, mixed, asked, published });
}

/** Where there is none, a note says what there is. */
async function publishedBeside(
  { networks, published }: Collected,
  names: readonly string[] | null,
  { note }: CommandContext,
): Promise<readonly PublishedNetwork[]> {
  if (names === null) return [];
  const records = [...(await readPublished()), ...published];
  const selected = selectPublished(names, records, networks);
  if (selected.length > 0) return selected;
  const missing = "no numbers for the data, model, density and attacks of these networks";
  note(`--published ${names.join(",")}: ${missing}; ${publishedHint(names, records, networks)}`);
  return selected;
}

function verdictOf(expression: string | null, condition: Condition | null, comparison: Comparison): Verdict | null {
  return expression === null || condition === null ? null : judge(expression, condition, comparison);
}

async function write(options: Options, context: CommandContext, made: Made): Promise<void> {
  const { out, stepSummary, plot, figure, exportTensorboard } = options;
  const text = await renderComparison(options, made, context);
  if (out === null) context.print(text);
  else await writeAtomically(out, text);
  if (options.junit !== null && made.verdict !== null) await writeAtomically(options.junit, junit(made.verdict));
  if (plot !== null) await (await import("./compare-figures.js")).writePlot(plot, figure, made);
  if (exportTensorboard !== null) {
    await (await import("./compare-figures.js")).exportTensorboard(exportTensorboard, made.collected);
  }
  if (stepSummary) await appendStepSummary(options, made, context);
}
