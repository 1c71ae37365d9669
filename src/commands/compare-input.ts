/** Reads the record streams that `compare` is given. */
import { createReadStream, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { InputError, UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { readRecords } from "../formats/ndjson.js";
import { parseRecord } from "../records/events.js";
import { type Collected, ResultCollector } from "../report/results.js";
import type { CommandContext } from "./command.js";

/** The arguments, or standard input; and the baseline, where it is a file (`baselineFile`). Null where a signal ended it. */
export async function collectRecords(context: CommandContext, baselineFile: string | null): Promise<Collected | null> {
  const collector = new ResultCollector();
  for (const file of new Set(inputs(context, baselineFile))) {
    const name = file === "-" ? "stdin" : file;
    const cut = (line: number) => context.note(`${name}:${line}: the last line was cut and is left out`);
    for await (const { record, line } of readRecords(source(file, context), name, cut)) {
      const known = parseRecord(record, `${name}:${line}`);
      if (known !== null) collector.add(known, name, line);
      if (context.ending.aborted) return null;
    }
  }
  return context.ending.aborted ? null : collector.collected();
}

export function isFile(path: string): boolean {
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

async function* source(file: string, context: CommandContext): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(context.ending, file === "-" ? context.stdin().stream : createReadStream(file));
  } catch (error) {
    if (context.ending.aborted) return;
    requireNoRun(file);
    throw fileError(error, "read", file === "-" ? "standard input" : file);
  }
}

/** A run's folder has its records in a file, which was probably meant. */
function requireNoRun(path: string): void {
  const records = join(path, "records.ndjson");
  if (isFile(records)) throw new InputError(`cannot read ${path}: it is a folder; did you mean ${records}?`);
}
