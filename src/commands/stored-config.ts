/** The config of the run that `--resume` goes on with: it holds for every key that is not given anew. */
import { z } from "zod";
import { lookAtRunDirectory } from "../training/run-directory.js";
import type { Config } from "./command.js";
import type { OptionTable } from "./options.js";

export interface ResumeOptions {
  readonly out: string | null;
  readonly resume: boolean;
}

/** Of this session alone, not of the run. */
const OF_A_SESSION = ["out", "maxMinutes", "threads", "quiet"];

const startSchema = z.object({ type: z.literal("run.start"), config: z.record(z.string(), z.unknown()) });

/**
 * What alters the result as the saved state has it, all else (where the images lie, what is logged) as `run.start` has it. Empty
 * for a run that is not resumed, or is another command's. Errors as `lookAtRunDirectory`.
 */
export async function storedConfig(
  { name, options: table }: { readonly name: string; readonly options: OptionTable },
  { out, resume }: ResumeOptions,
): Promise<Config> {
  if (!resume || out === null) return {};
  const { resumed } = await lookAtRunDirectory({ path: out, resume, force: false });
  if (resumed === null || resumed.state.text.command !== name) return {};
  const started = startedWith(resumed.records);
  const stored = Object.entries(table).flatMap(([key, option]) => {
    const { changesResult, inConfig } = option.info;
    if (inConfig === false || OF_A_SESSION.includes(key)) return [];
    const value = changesResult === false ? started[key] : resumed.state.text.config[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(stored);
}

function startedWith(records: Uint8Array): Config {
  const [line = ""] = Buffer.from(records).toString("utf8").split("\n", 1);
  const start = startSchema.safeParse(line === "" ? null : JSON.parse(line));
  return start.success ? start.data.config : {};
}
