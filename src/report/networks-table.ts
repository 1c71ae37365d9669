/** A row a network: in the order given, or as a leaderboard, best first. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { accuracyCell, differenceCell } from "./accuracy-text.js";
import { type Column, type Comparison, ownRows, type Row, strongestRow } from "./comparison.js";
import type { LayoutOptions } from "./layout-options.js";
import { type Table, type TableCell, type TableColumn, textCell } from "./table.js";
import { type Shown, shownColumns } from "./table-columns.js";

const USUAL = ["density", "kept"];

export function networksTable(comparison: Comparison, { names, digits }: LayoutOptions): Table {
  const { columns } = comparison;
  const shown = shownColumns(comparison, names, USUAL);
  return { columns: headings(comparison, shown), rows: columns.map((_, i) => rowOf(comparison, shown, i, digits)) };
}

/** Sorted by the attack or fact that `sortBy` names, the strongest attack without it; what has no such value stands last. */
export function leaderboard(comparison: Comparison, options: LayoutOptions): Table {
  const { names, digits, sortBy } = options;
  const shown = shownColumns(comparison, names, USUAL);
  const value = sortBy === null ? byAttack(strongestRow(comparison)) : sortValue(comparison, sortBy);
  const order = comparison.columns
    .map((_, index) => ({ index, value: value(index) ?? Number.NEGATIVE_INFINITY }))
    .sort((a, b) => b.value - a.value || a.index - b.index);
  const rank: TableColumn = { key: "rank", title: "#", isNumeric: true };
  return {
    columns: [rank, ...headings(comparison, shown)],
    rows: order.map(({ index }, i) => [
      { text: String(i + 1), value: i + 1 },
      ...rowOf(comparison, shown, index, digits),
    ]),
  };
}

function headings({ columns }: Comparison, shown: Shown): readonly TableColumn[] {
  const hasBaseline = columns.some(({ baseline }) => baseline !== null);
  return [
    { key: "network", title: "Network", isNumeric: false },
    ...shown.facts.map(({ key, title }) => ({ key, title, isNumeric: true })),
    ...shown.rows.flatMap((row): readonly TableColumn[] => {
      const own = { key: rowKey(row), title: row.title, isNumeric: true };
      return hasBaseline ? [own, { key: `${own.key} difference`, title: `Δ ${row.title}`, isNumeric: true }] : [own];
    }),
  ];
}

/** `pgd50@8/255`, with what tells it from another row of that name. */
function rowKey({ attack, title }: Row): string {
  const detail = / \((.*)\)$/.exec(title)?.[1];
  const ball = attack.epsilon === 0 ? "" : `@${attack.norm === "linf" ? "" : `${attack.norm}:`}${attack.epsilonText}`;
  return `${attack.name}${ball}${detail === undefined ? "" : ` ${detail}`}`;
}

function rowOf(comparison: Comparison, shown: Shown, index: number, digits: number | null): readonly TableCell[] {
  const column = comparison.columns[index];
  if (column === undefined) return [];
  const hasBaseline = comparison.columns.some(({ baseline }) => baseline !== null);
  return [
    textCell(nameOf(column)),
    ...shown.facts.map(({ cell }) => cell(column)),
    ...shown.rows.flatMap(({ cells }) => {
      const cell = cells[index] ?? null;
      return hasBaseline ? [accuracyCell(cell, digits), differenceCell(cell, digits)] : [accuracyCell(cell, digits)];
    }),
  ];
}

function nameOf({ label, networks }: Column): string {
  return networks.some(({ unfinished }) => unfinished !== null) ? `${label} (unfinished)` : label;
}

function byAttack(row: Row | undefined): (index: number) => number | null {
  return (index) => row?.cells[index]?.accuracy ?? null;
}

function sortValue(comparison: Comparison, name: string): (index: number) => number | null {
  const { facts, rows } = comparison.rows.some(({ attack }) => attack.name === name)
    ? { facts: [], rows: ownRows(comparison.rows).filter(({ attack }) => attack.name === name) }
    : shownColumns(comparison, null, [name]);
  const [fact] = facts;
  if (fact === undefined && rows[0]?.attack.name !== name) throw new UsageError(unknown(name, comparison));
  if (fact === undefined) return byAttack(rows.at(-1));
  return (index) => {
    const column = comparison.columns[index];
    const value = column === undefined ? null : fact.cell(column).value;
    return typeof value === "number" ? value : null;
  };
}

function unknown(name: string, { rows }: Comparison): string {
  const names = [...new Set(rows.map(({ attack }) => attack.name))];
  const near = nearest(name, names);
  return `--sort-by ${name}: no attack or fact of these results; ${near === null ? `there are ${names.join(", ")}` : `did you mean ${near}?`}`;
}
