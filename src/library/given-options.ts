/** A command's options as a program gives them: the config keys of its table, values as YAML would have them. */
import type { Constants, Spelled } from "../commands/option-values.js";
import type { OptionTable, OptionValues } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";

/** Flags that print something else than records, or change what stderr says: of the command line alone. */
const OF_THE_COMMAND_LINE = ["set", "printConfig", "quiet", "debug", "dryRun", "engines", "show"] as const;

type OfTheCommandLine = (typeof OF_THE_COMMAND_LINE)[number];

/**
 * `{ density: 0.1, epsilon: "8/255", trainSamples: "50k" }`: what is left out has its default; null takes back what the file
 * named by `config` says.
 */
export type GivenOptions<Table extends OptionTable> = {
  readonly [Key in Exclude<keyof Table, OfTheCommandLine>]?: Given<OptionValues<Table>[Key]> | null | undefined;
};

/** How a value of that type may be written. */
type Given<Value> = Value extends null
  ? never
  : Value extends number | Spelled
    ? number | string
    : Value extends readonly Spelled[]
      ? string | readonly (number | string)[]
      : Value extends ReadonlyMap<string, number>
        ? Readonly<Record<string, { readonly density: number | string }>>
        : Value extends ReadonlyMap<string, Constants>
          ? string | readonly string[] | Readonly<Record<string, Constants | null>>
          : Value extends readonly string[]
            ? string | readonly string[]
            : Value;

/** By config key, without those that are undefined. Throws UsageError for a key that the command does not have. */
export function givenEntries(table: OptionTable, options: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const hidden: readonly string[] = OF_THE_COMMAND_LINE;
  const known = Object.keys(table).filter((key) => !hidden.includes(key));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [key] of given) {
    if (!known.includes(key)) throw new UsageError(`${key}: no such option${didYouMean(key, known)}`);
  }
  return new Map(given);
}
