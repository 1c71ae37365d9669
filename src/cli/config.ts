/** One config out of its layers: flags over `--set` over the config file over a stored run's config over defaults. */
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { Command, Config, OptionValues } from "../commands/command.js";
import { flagName, type OptionInfo, type OptionTable, optionInfo } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { type Entry, readConfigFile } from "./config-file.js";
import { replaceExcluded, requireOneOfEach } from "./exclusive.js";

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
  const infos = new Map(Object.entries(command.options).map(([key, option]) => [key, optionInfo(option)]));
  const file = flags.get("config");
  const written = [
    ...Object.entries(stored).map(([key, value]) => ({ key, value, where: "the stored run", layer: STORED })),
    ...(typeof file === "string" ? await readConfigFile(file) : []).map((entry) => knownKey(entry, infos)),
    ...settings(flags.get("set")).map((entry) => knownKey(entry, infos)),
    ...[...flags]
      .filter(([key]) => infos.has(key))
      .map(([key, value]) => ({ key, value, where: `--${flagName(key)}`, layer: "flags" })),
  ];
  const merged = new Map<string, Entry>();
  for (const entry of written) {
    replaceExcluded(merged, entry, infos);
    mergeEntry(merged, entry, infos.get(entry.key));
  }
  requireOneOfEach(merged, infos);
  const given = [...merged.values()].filter(({ key, layer }) => layer !== STORED && key !== "config" && key !== "set");
  return {
    ...check(command, infos, merged),
    given: new Set(given.map(({ key }) => key)),
    typed: new Set(given.filter(({ where }) => where.startsWith("--")).map(({ key }) => key)),
  };
}

/** A config as YAML that `--config` reads. */
export function configText(config: Config): string {
  return stringify(config);
}

function settings(set: unknown): readonly Entry[] {
  const list: readonly unknown[] = Array.isArray(set) ? set : [];
  return list.map((setting) => {
    const [, path, value] = /^([^=]+)=(.*)$/s.exec(String(setting)) ?? [];
    if (path === undefined || value === undefined) {
      throw new UsageError(`--set ${setting}: is not of the form KEY=VALUE`);
    }
    return nested(path.split("."), parseScalar(path, value));
  });
}

/** `layers.g1.conv1.density` → key `layers`, value `{ "g1.conv1": { density } }`: names may have dots, constants have none. */
function nested(path: readonly string[], value: unknown): Entry {
  const [key = "", ...rest] = path;
  const where = `--set ${path.join(".")}`;
  const layer = "--set";
  if (rest.length === 0) return { key, value, where, layer };
  if (rest.length === 1) throw new UsageError(`${where}: keys nest as ${key}.NAME.CONSTANT`);
  return { key, value: { [rest.slice(0, -1).join(".")]: { [rest.at(-1) ?? ""]: value } }, where, layer };
}

function parseScalar(path: string, value: string): unknown {
  try {
    return parse(value);
  } catch (error) {
    throw new UsageError(
      `--set ${path}: ${value} is no YAML value (${error instanceof Error ? error.message : error})`,
    );
  }
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

function mapping(value: unknown): Record<string, Record<string, unknown>> | null {
  const names = typeof value === "string" ? value.split(",").map((name) => name.trim()) : value;
  if (Array.isArray(names))
    return names.includes("") ? null : Object.fromEntries(names.map((name) => [String(name), {}]));
  const parsed = z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).safeParse(names);
  if (!parsed.success) return null;
  return Object.fromEntries(Object.entries(parsed.data).map(([name, constants]) => [name, constants ?? {}]));
}

function check<Table extends OptionTable>(
  command: Command<Table>,
  infos: ReadonlyMap<string, OptionInfo>,
  merged: ReadonlyMap<string, Entry>,
): Omit<MergedConfig<Table>, "given" | "typed"> {
  const raw = Object.fromEntries([...infos].map(([key, info]) => [key, merged.get(key)?.value ?? info.default]));
  const values = z.object(command.options).safeParse(raw);
  if (!values.success) throw new UsageError(values.error.issues.map((issue) => complaint(issue, merged)).join("; "));
  const read = new Map<string, unknown>(Object.entries(values.data));
  const plain = [...infos]
    .filter(([key, info]) => info.inConfig !== false && raw[key] !== null)
    .map(([key, info]) => [key, plainValue(raw[key], read.get(key), info)] as const);
  const result = plain.filter(([key]) => infos.get(key)?.changesResult !== false);
  return { options: values.data, config: Object.fromEntries(plain), resultConfig: Object.fromEntries(result) };
}

function complaint(issue: z.core.$ZodIssue, merged: ReadonlyMap<string, Entry>): string {
  const key = String(issue.path[0]);
  const where = merged.get(key)?.where ?? key;
  return where.startsWith("--") ? `${where}: ${issue.message}` : `${where}: ${key}: ${issue.message}`;
}

/** As a number where it is one, but "8/255" and "5m" as written. */
function plainValue(raw: unknown, value: unknown, info: OptionInfo): unknown {
  if (info.kind === "mapping" && value instanceof Map) return mapping(raw) ?? raw;
  if (info.kind !== "value" || typeof raw !== "string" || raw.includes("/")) return raw;
  return typeof value === "number" ? value : Number.isFinite(Number(raw)) ? Number(raw) : raw;
}
