/** Which facts and attacks a table shows, and in which order: `--columns`. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Comparison, Row } from "./comparison.js";
import { type Fact, facts } from "./facts.js";

export interface Shown {
  readonly facts: readonly Fact[];
  readonly rows: readonly Row[];
}

/**
 * `names`: facts by their keys and attacks by their names (all radii), `null` for the usual facts and all attacks; names of facts
 * alone leave all attacks, names of attacks alone no fact. UsageError, naming what there is, for a name that is neither.
 */
export function shownColumns({ rows }: Comparison, names: readonly string[] | null, usual?: readonly string[]): Shown {
  if (names === null) {
    return { facts: facts.filter(({ key, isUsual }) => usual?.includes(key) ?? isUsual), rows };
  }
  const known = [...facts.map(({ key }) => key), ...rows.map(({ attack }) => attack.name)];
  for (const name of names) if (!known.includes(name)) throw new UsageError(unknown(name, [...new Set(known)]));
  return { facts: names.flatMap((name) => facts.filter(({ key }) => key === name)), rows: shownRows(rows, names) };
}

/** Those of the attacks named, in the order of the names; all where none is named. */
export function shownRows(rows: readonly Row[], names: readonly string[] | null): readonly Row[] {
  const named = (names ?? []).flatMap((name) => rows.filter(({ attack }) => attack.name === name));
  return named.length === 0 ? rows : named;
}

function unknown(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return `--columns ${name}: neither a fact nor an attack of these results; ${hint}`;
}
