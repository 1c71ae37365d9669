/** `--set KEY=VALUE` as entries: the value is YAML, the key may reach into a mapping. */
import { parse } from "yaml";
import { UsageError } from "../core/errors.js";
import type { Entry } from "./config-file.js";

/** Throws UsageError for what is not of that form. */
export function readSettings(settings: readonly string[]): readonly Entry[] {
  return settings.map((setting) => {
    const [, path, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
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
