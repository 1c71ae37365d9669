/** The poster's layout: facts and attacks down, networks across, each with its difference to the baseline. */
import { accuracyCell, differenceCell } from "./accuracy-text.js";
import type { Column, Comparison } from "./comparison.js";
import type { LayoutOptions } from "./layout-options.js";
import { noCell, type Table, type TableCell, type TableColumn, textCell } from "./table.js";
import { shownColumns } from "./table-columns.js";

export function posterTable(comparison: Comparison, { names, digits }: LayoutOptions): Table {
  const { columns } = comparison;
  const shown = shownColumns(comparison, names);
  const described = shown.facts
    .map(({ title, cell }) => [textCell(title), ...columns.flatMap((column) => beside(column, cell(column), noCell))])
    .filter(([, ...cells]) => cells.some(({ text }) => text !== ""));
  const attacked = shown.rows.map(({ title, cells }) => [
    textCell(title),
    ...columns.flatMap((column, i) => {
      const cell = cells[i] ?? null;
      return beside(column, accuracyCell(cell, digits), differenceCell(cell, digits));
    }),
  ]);
  return {
    columns: [{ key: "row", title: "", isNumeric: false }, ...columns.flatMap(headings)],
    rows: [...described, ...attacked],
  };
}

function beside({ baseline }: Column, cell: TableCell, difference: TableCell): readonly TableCell[] {
  return baseline === null ? [cell] : [cell, difference];
}

function headings({ label, networks, baseline }: Column): readonly TableColumn[] {
  const isUnfinished = networks.some(({ unfinished }) => unfinished !== null);
  const own = { key: label, title: isUnfinished ? `${label} (unfinished)` : label, isNumeric: true };
  if (baseline === null) return [own];
  return [own, { key: `${label} difference`, title: `Δ to ${baseline.label}`, isNumeric: true }];
}
