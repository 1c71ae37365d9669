/** The config as `--print-config` shows it: with what profile, mode and objective settle, so that nothing is left to look up. */
import type { Config } from "./command.js";
import type { OptionTable } from "./options.js";

export interface SettledParts {
  readonly options: OptionTable;
  /** Merged, with the defaults of the option table. */
  readonly config: Config;
  readonly given: ReadonlySet<string>;
  /** What the command settles, by config key. */
  readonly resolved: Config;
  /** Keys that are settled by a checkpoint unless they are given: a default of theirs would be taken for a wish. */
  readonly leftOpen: readonly string[];
}

/** A config of the same run: what is given stays as written, keys come in the order of the option table. */
export function settledConfig({ options, config, given, resolved, leftOpen }: SettledParts): Config {
  const open = new Set(leftOpen.filter((key) => !given.has(key)));
  // A number of connections that is given one way is not said a second way, which would exclude the first.
  if (config.sparsity !== undefined) open.add("density");
  const entries = Object.keys(options).flatMap((key) => {
    const value = config[key] === undefined || config[key] === "auto" ? (resolved[key] ?? config[key]) : config[key];
    return value === undefined || open.has(key) ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}
