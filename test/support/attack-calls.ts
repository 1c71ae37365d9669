/** Calls of attack-eval without a process, on the small checkpoints of the case tests. */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { attackEval } from "../../src/commands/attack-eval.js";
import { writeCheckpoints } from "./case-checkpoints.js";
import { callOf } from "./command-context.js";
import { temporaryFolder } from "./temporary-folder.js";

export type Flags = Readonly<Record<string, unknown>>;
export type Lines = readonly Readonly<Record<string, unknown>>[];

/** A folder of its own with the checkpoints in it; gives paths below it. */
export async function attackFolder(context: TestContext): Promise<(name: string) => string> {
  const folder = temporaryFolder(context);
  await writeCheckpoints(folder);
  return (name) => join(folder, name);
}

/** `interruptedAt`: how often the command may ask whether to end before it is told to. */
export async function attack(
  paths: string | readonly string[],
  flags: Flags,
  interruptedAt = Number.POSITIVE_INFINITY,
): Promise<{ readonly lines: Lines; readonly notes: readonly string[]; readonly code: number }> {
  let asked = 0;
  const { signal: ending } = new AbortController();
  Object.defineProperty(ending, "aborted", { get: () => ++asked > interruptedAt });
  const isOver = () => (asked > interruptedAt ? "SIGINT" : null);
  const { options, context, lines, notes } = await callOf(attackEval, { threads: 1, ...flags }, isOver);
  const code = await attackEval.run(options, { ...context, positionals: [paths].flat(), ending });
  return { lines: lines(), notes, code };
}

/** What a record says of the attack, without times and the path. */
export function results(lines: Lines): readonly Readonly<Record<string, unknown>>[] {
  return lines
    .filter(({ type }) => type === "attack.result")
    .map(({ run: _run, time: _time, seconds: _seconds, checkpoint: _checkpoint, ...rest }) => rest);
}

/** Records of a whole run without what differs from run to run. */
export function timeless(lines: Lines): readonly Readonly<Record<string, unknown>>[] {
  return lines.map(({ run: _run, time: _time, seconds: _seconds, ...rest }) => rest);
}
