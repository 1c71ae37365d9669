/** The values of an option table out of what was written, all of them or what is wrong with each. */
import type { OptionTable, OptionValues } from "../commands/options.js";

export type ReadOptions<Table extends OptionTable> =
  | { readonly type: "values"; readonly values: OptionValues<Table> }
  /** By key. */
  | { readonly type: "complaints"; readonly complaints: ReadonlyMap<string, string> };

/** `written`: by key, with its default where nothing is given. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  written: Readonly<Record<string, unknown>>,
): ReadOptions<Table> {
  const values: Record<string, unknown> = {};
  const complaints = new Map<string, string>();
  for (const [key, option] of Object.entries(table)) {
    try {
      values[key] = option.read(written[key]);
    } catch (error) {
      complaints.set(key, error instanceof Error ? error.message : String(error));
    }
  }
  return holdsAll(values, table) ? { type: "values", values } : { type: "complaints", complaints };
}

/** Each value comes from its own option's `read`, so it has that option's type once it is there. */
function holdsAll<Table extends OptionTable>(
  values: Readonly<Record<string, unknown>>,
  table: Table,
): values is OptionValues<Table> {
  return Object.keys(table).every((key) => key in values);
}
