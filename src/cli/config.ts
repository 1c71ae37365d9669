/** One config out of its layers: flags over `--set` over the config file over a stored run's config over defaults. */
import type { Command, Config } from "../commands/command.js";
import { readMapping } from "../commands/option-values.js";
import { flagName, type OptionInfo, type OptionTable, type OptionValues } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Entry } from "./config-file.js";
import { replaceExcluded, requireOneOfEach } from "./exclusive.js";
import { readOptions } from "./read-options.js";

export interface MergedConfig<Table extends OptionTable> {
  readonly options: OptionValues<Table>;
  readonly config: Config;
  readonly resultConfig: Config;
  readonly given: ReadonlySet<string>;
  readonly typed: ReadonlySet<string>;
}

const STORED = "stored";

/**
 * `stored`: the config of a run that is gone on with, for keys that are not given now. Throws a UsageError that names the flag,
 * or file and line, for an unknown key, a value that does not fit, or two that exclude each other.
 */
export async function mergeConfig<Table extends OptionTable>(
  command: Command<Table>,
  flags: ReadonlyMap<string, unknown>,
  stored: Config = {},
): Promise<MergedConfig<Table>> {
  const infos = new Map(Object.entries(command.options).map(([key, { info }]) => [key, info]));
  const settings = (await fromSettings(flags.get("set"))).map((entry) => knownKey(entry, infos));
  const written = [
    ...Object.entries(stored).map(([key, value]) => ({ key, value, where: "the stored run", layer: STORED })),
    ...(await fromFile(flags.get("config"))).map((entry) => knownKey(entry, infos)),
    ...settings,
    ...[...flags]
      .filter(([key]) => infos.has(key))
      .map(([key, value]) => ({ key, value, where: `--${flagName(key)}`, layer: "flags" })),
  ];
  const merged = new Map<string, Entry>();
  for (const entry of written) {
    replaceExcluded(merged, entry, infos);
    mergeEntry(merged, entry, infos.get(entry.key));
  }
  for (const entry of settings) if (infos.get(entry.key)?.kind === "mapping") requireSelected(entry, merged);
  requireOneOfEach(merged, infos);
  const given = [...merged.values()].filter(({ key, layer }) => layer !== STORED && key !== "config" && key !== "set");
  return {
    ...check(command, infos, merged),
    given: new Set(given.map(({ key }) => key)),
    typed: new Set(given.filter(({ where }) => where.startsWith("--")).map(({ key }) => key)),
  };
}

/** What reads YAML takes longer to load than most of what is said without it, so it is loaded where it is asked for. */
async function fromFile(path: unknown): Promise<readonly Entry[]> {
  return typeof path === "string" ? (await import("./config-file.js")).readConfigFile(path) : [];
}

async function fromSettings(set: unknown): Promise<readonly Entry[]> {
  return Array.isArray(set) ? (await import("./settings.js")).readSettings(set.map(String)) : [];
}

function knownKey(entry: Entry, infos: ReadonlyMap<string, OptionInfo>): Entry {
  const info = infos.get(entry.key);
  if (info?.inConfig === false)
    throw new UsageError(`${entry.where}: ${entry.key} is a flag only: --${flagName(entry.key)}`);
  if (info === undefined) {
    const keys = [...infos].filter(([, known]) => known.inConfig !== false).map(([key]) => key);
    const near = nearest(entry.key, keys);
    throw new UsageError(`${entry.where}: unknown key ${entry.key}${near === null ? "" : `; did you mean ${near}?`}`);
  }
  return entry;
}

function mergeEntry(merged: Map<string, Entry>, entry: Entry, info: OptionInfo | undefined): void {
  if (entry.value === null) merged.delete(entry.key);
  else if (info?.kind === "mapping") merged.set(entry.key, mergeMapping(merged.get(entry.key), entry));
  else merged.set(entry.key, entry);
}

/** A mapping adds to what lies below it; a list of names selects, and takes the constants of those that lie below. */
function mergeMapping(below: Entry | undefined, above: Entry): Entry {
  const lower = mapping(below?.value ?? {});
  const upper = mapping(above.value);
  if (lower === null || upper === null) return above;
  const selects = typeof above.value === "string" || Array.isArray(above.value);
  const names = selects ? Object.keys(upper) : [...new Set([...Object.keys(lower), ...Object.keys(upper)])];
  const value = Object.fromEntries(names.map((name) => [name, { ...lower[name], ...upper[name] }]));
  return { ...above, value };
}

/** A file may have constants for more names than a call selects; whoever writes them into the call itself means one of its names. */
function requireSelected({ key, value, where }: Entry, merged: ReadonlyMap<string, Entry>): void {
  const selecting = merged.get(key);
  const [names, selected] = [readMapping(value), mapping(selecting?.value)];
  if (selecting === undefined || names === null || selected === null) return;
  const ignored = [...names.keys()].find((name) => !Object.hasOwn(selected, name));
  if (ignored === undefined) return;
  const list = Object.keys(selected).join(", ");
  throw new UsageError(`${where}: ${ignored} is not among ${selecting.where} ${list}, so it would be ignored`);
}

function mapping(value: unknown): Record<string, Readonly<Record<string, unknown>>> | null {
  const names = typeof value === "string" ? value.split(",").map((name) => name.trim()) : value;
  if (Array.isArray(names))
    return names.includes("") ? null : Object.fromEntries(names.map((name) => [String(name), {}]));
  const read = readMapping(names);
  return read === null ? null : Object.fromEntries(read);
}

function check<Table extends OptionTable>(
  command: Command<Table>,
  infos: ReadonlyMap<string, OptionInfo>,
  merged: ReadonlyMap<string, Entry>,
): Omit<MergedConfig<Table>, "given" | "typed"> {
  const raw = Object.fromEntries([...infos].map(([key, info]) => [key, merged.get(key)?.value ?? info.default]));
  const read = readOptions(command.options, raw);
  if (read.type === "complaints")
    throw new UsageError([...read.complaints].map((one) => complaintText(one, merged)).join("; "));
  const { values } = read;
  const byKey = new Map<string, unknown>(Object.entries(values));
  const plain = [...infos]
    .filter(([key, info]) => info.inConfig !== false && raw[key] !== null)
    .map(([key, info]) => [key, plainValue(raw[key], byKey.get(key), info)] as const);
  const result = plain.filter(([key]) => infos.get(key)?.changesResult !== false);
  return { options: values, config: Object.fromEntries(plain), resultConfig: Object.fromEntries(result) };
}

function complaintText([key, message]: readonly [string, string], merged: ReadonlyMap<string, Entry>): string {
  const where = merged.get(key)?.where ?? key;
  return where.startsWith("--") ? `${where}: ${message}` : `${where}: ${key}: ${message}`;
}

/** As a number where it is one, but "8/255" and "5m" as written. */
function plainValue(raw: unknown, value: unknown, info: OptionInfo): unknown {
  if (info.kind === "mapping" && value instanceof Map) return mapping(raw) ?? raw;
  if (info.kind !== "value" || typeof raw !== "string" || raw.includes("/")) return raw;
  return typeof value === "number" ? value : Number.isFinite(Number(raw)) ? Number(raw) : raw;
}
