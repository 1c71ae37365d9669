/** Options that exclude each other: a higher layer's takes the place of a lower one's. */
import type { OptionInfo } from "../commands/options.js";
import { UsageError } from "../core/errors.js";
import type { Entry } from "./config-file.js";

type Infos = ReadonlyMap<string, OptionInfo>;

/** Takes out what lower layers say of the entry's group. */
export function replaceExcluded(merged: Map<string, Entry>, entry: Entry, infos: Infos): void {
  const group = groupOf(entry, infos);
  if (group === null) return;
  for (const other of [...merged.values()]) {
    const isBelow = other.layer !== entry.layer && other.key !== entry.key;
    if (isBelow && groupOf(other, infos) === group) merged.delete(other.key);
  }
}

/** UsageError that names two of one layer and one group. */
export function requireOneOfEach(merged: ReadonlyMap<string, Entry>, infos: Infos): void {
  const known = new Map<string, Entry>();
  for (const entry of merged.values()) {
    const group = groupOf(entry, infos);
    if (group === null) continue;
    const other = known.get(group);
    if (other !== undefined)
      throw new UsageError(`${spelled(other)} and ${spelled(entry)} exclude each other; give one of them`);
    known.set(group, entry);
  }
}

function groupOf({ key, value }: Entry, infos: Infos): string | null {
  const exclusive = infos.get(key)?.exclusive;
  if (exclusive === undefined || value === null) return null;
  return exclusive.when === undefined || exclusive.when === value ? exclusive.group : null;
}

function spelled({ key, value, where }: Entry): string {
  return where.startsWith("--") ? `${where} ${value}` : `${key}: ${value} (${where})`;
}
