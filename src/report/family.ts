/** The family of tests whose p-values are corrected together: those that a reader sees or asks for, and no others. */
import { holm } from "../stats/holm.js";
import type { Family, Row } from "./comparison.js";
import { testedRows } from "./gate-metrics.js";
import type { Condition } from "./gate-syntax.js";
import { shownRows } from "./table-columns.js";

export interface Asked {
  /** What the table shows (`--columns`), attacks among other names; null for all attacks. */
  readonly shown: readonly string[] | null;
  /** Of `--fail-if`; it may ask for a test that the table leaves out. */
  readonly gate: Condition | null;
}

export interface Corrected {
  readonly rows: readonly Row[];
  readonly family: Family;
}

/**
 * Writes Holm's correction into the differences. A test that nobody sees cannot raise a false alarm, so it costs the others
 * nothing. (Whoever chooses the attacks by their p-values deceives himself; the table cannot know.)
 */
export function corrected(rows: readonly Row[], { shown, gate }: Asked): Corrected {
  const inTable = new Set(shownRows(rows, shown));
  const inGate = new Set(gate === null ? [] : testedRows(gate, rows));
  const isMember = (row: Row) => inTable.has(row) || inGate.has(row);
  const values = holm(rows.filter(isMember).flatMap(testsOf)).values();
  return {
    rows: rows.map((row) => (isMember(row) ? withCorrection(row, values) : row)),
    family: { shown: testsIn(inTable), besides: testsIn([...inGate].filter((row) => !inTable.has(row))) },
  };
}

function testsIn(rows: Iterable<Row>): number {
  return [...rows].reduce((count, row) => count + testsOf(row).length, 0);
}

function testsOf({ cells }: Row): readonly number[] {
  return cells.flatMap((cell) => cell?.difference?.p ?? []);
}

/** Takes a value for each of the row's tests. */
function withCorrection(row: Row, values: ArrayIterator<number>): Row {
  const cells = row.cells.map((cell) => {
    const difference = cell?.difference ?? null;
    if (cell === null || difference === null || difference.p === null) return cell;
    return { ...cell, difference: { ...difference, corrected: values.next().value ?? null } };
  });
  return { ...row, cells };
}
