/** The config of the run that `--resume` goes on with: it holds for every key that is not given anew. */
import { join } from "node:path";
import { Readable } from "node:stream";
import { lookAtRunDirectory, RECORDS_FILE } from "../training/run-directory.js";
import type { Config } from "./command.js";
import type { OptionTable } from "./options.js";
import { readRunStart } from "./run-start.js";

export interface ResumeOptions {
  readonly out: string | null;
  readonly resume: boolean;
}

/** Of this session alone, not of the run. */
const OF_A_SESSION = ["out", "maxMinutes", "threads", "quiet"];

/**
 * What alters the result as the saved state has it, all else (where the images lie, what is logged) as `run.start` has it. Empty
 * for a run that is not resumed, or is another command's. Errors as `lookAtRunDirectory` and `readRunStart`.
 */
export async function storedConfig(
  { name, options: table }: { readonly name: string; readonly options: OptionTable },
  { out, resume }: ResumeOptions,
): Promise<Config> {
  if (!resume || out === null) return {};
  const { resumed } = await lookAtRunDirectory({ path: out, resume, force: false });
  if (resumed === null || resumed.state.text.command !== name) return {};
  const { config: started } = await readRunStart(Readable.from([resumed.records]), join(out, RECORDS_FILE));
  const stored = Object.entries(table).flatMap(([key, option]) => {
    const { changesResult, inConfig } = option.info;
    if (inConfig === false || OF_A_SESSION.includes(key)) return [];
    const value = changesResult === false ? started[key] : resumed.state.text.config[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(stored);
}
