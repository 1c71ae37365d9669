/** `compare`: record streams in, one table of clean and robust accuracies out. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { writeAtomically } from "../core/atomic-write.js";
import { InputError, UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { readRecords } from "../formats/ndjson.js";
import { parseRecord } from "../records/events.js";
import { findBaselines } from "../report/baseline.js";
import { type Comparison, compareNetworks } from "../report/comparison.js";
import { markdownTable } from "../report/markdown.js";
import { type Collected, ResultCollector } from "../report/results.js";
import { comparisonCsv, comparisonJson } from "../report/table-data.js";
import { type Command, type CommandContext, exitCodeOf, type OptionValues } from "./command.js";
import { choice, text } from "./options.js";
import { everyCommand } from "./shared-options.js";

const options = {
  ...everyCommand,
  baseline: text({
    argument: "NAME",
    help: "measure the others against these results: a record file, a run or a method, looked up in that order",
  }),
  format: choice(["md", "csv", "json"], {
    argument: "FORM",
    help: "how to write the table",
    default: "md",
    later: ["html", "latex"],
  }),
  out: text({ argument: "FILE", help: "write the table there; standard output stays empty", changesResult: false }),
};

export const compare: Command<typeof options> = {
  name: "compare",
  summary: "Compare networks under attack in one table, with intervals and paired tests",
  example: "compare --baseline hydra.ndjson ours.ndjson",
  options,
  positional: {
    name: "[FILE...]",
    many: true,
    help: "record files; standard input when there is none, or where - stands",
  },
  later: ["layout", "plot", "published", "fail-if", "step-summary", "export-tensorboard"],
  whenClosed: "end",
  run,
};

const formats = { md: markdownTable, csv: comparisonCsv, json: comparisonJson } as const;

async function run(values: OptionValues<typeof options>, context: CommandContext): Promise<number> {
  const { baseline, format, out, force } = values;
  if (out !== null) requireFree(out, force);
  const baselineFile = baseline !== null && isFile(baseline) ? baseline : null;
  const collected = await collect(inputs(context, baselineFile), context);
  const signal = context.interrupted();
  if (signal !== null) return exitCodeOf(signal);
  if (collected.networks.length === 0) throw new InputError(nothingToCompare(collected));
  const table = formats[format](comparison(collected, baseline, baselineFile !== null));
  if (out === null) context.print(table);
  else await writeAtomically(out, table);
  return 0;
}

function requireFree(out: string, force: boolean): void {
  if (existsSync(out) && !force) throw new UsageError(`--out ${out}: the file exists; --force overwrites it`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The files to read in their order, "-" for standard input; a baseline that is a file is read too, once. */
function inputs(context: CommandContext, baselineFile: string | null): readonly string[] {
  const files = context.positionals.length === 0 ? ["-"] : context.positionals;
  if (files.includes("-") && context.stdin().isTerminal) {
    throw new UsageError("nothing to compare: give record files, or pipe records in (attack-eval … | compare)");
  }
  const isListed = files.some(
    (file) => file !== "-" && baselineFile !== null && resolve(file) === resolve(baselineFile),
  );
  return baselineFile === null || isListed ? files : [baselineFile, ...files];
}

async function collect(files: readonly string[], context: CommandContext): Promise<Collected> {
  const collector = new ResultCollector();
  for (const file of new Set(files)) {
    const name = file === "-" ? "stdin" : file;
    const cut = (line: number) => context.note(`${name}:${line}: the last line was cut and is left out`);
    for await (const { record, line } of readRecords(source(file, context), name, cut)) {
      const known = parseRecord(record, `${name}:${line}`);
      if (known !== null) collector.add(known, name, line);
      if (context.ending.aborted) return { networks: [], unfinishedRuns: [] };
    }
  }
  return collector.collected();
}

async function* source(file: string, context: CommandContext): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(context.ending, file === "-" ? context.stdin().stream : createReadStream(file));
  } catch (error) {
    if (context.ending.aborted) return;
    throw fileError(error, "read", file === "-" ? "standard input" : file);
  }
}

function nothingToCompare({ unfinishedRuns }: Collected): string {
  const why = unfinishedRuns.length === 0 ? "" : ` (${unfinishedRuns.join("; ")})`;
  return `nothing to compare: the input has no attack.result record${why}; attack-eval writes them`;
}

function comparison(collected: Collected, baseline: string | null, baselineIsFile: boolean): Comparison {
  if (baseline === null) return compareNetworks(collected);
  return compareNetworks(collected, findBaselines(baseline, baselineIsFile, collected.networks));
}
