/**
 * A sweep over densities: for each attack a row a density, a column a method, with its objective where methods have several, and
 * beside it the difference to the baseline of that density, where there is one.
 */
import { accuracyCell, differenceCell } from "./accuracy-text.js";
import type { Cell, Column, Comparison } from "./comparison.js";
import { densityText, namedDensity } from "./density.js";
import { facts } from "./facts.js";
import { groupBy } from "./group-by.js";
import type { LayoutOptions } from "./layout-options.js";
import { type Table, type TableCell, type TableColumn, textCell } from "./table.js";
import { shownColumns } from "./table-columns.js";

export function sweepTable(comparison: Comparison, { names, digits }: LayoutOptions): Table {
  const { rows } = shownColumns(comparison, names);
  const places = comparison.columns.map((column, index) => ({ index, ...placeOf(column) }));
  const objectives = new Set(places.map(({ objective }) => objective));
  const methodOf = (place: (typeof places)[number]) =>
    objectives.size > 1 ? `${place.method} ${place.objective}`.trim() : place.method;
  const methods = [...groupBy(places, methodOf)].map(([name, ofMethod]) => ({
    name,
    to: baselineName(ofMethod.flatMap(({ index }) => comparison.columns[index]?.baseline ?? [])),
  }));
  // Densities that are meant to be one agree in three digits.
  const densities = groupBy(
    [...places].sort((a, b) => a.density - b.density),
    ({ density }) => density.toPrecision(3),
  );
  const body = rows.flatMap((row) =>
    [...densities.values()].map((ofDensity) => {
      const cells = methods.flatMap(({ name, to }) => {
        const here = ofDensity.filter((place) => methodOf(place) === name).map(({ index }) => row.cells[index] ?? null);
        const own = together(here, (cell) => accuracyCell(cell, digits), "–");
        return to === null ? [own] : [own, together(here, (cell) => differenceCell(cell, digits), "")];
      });
      const density = ofDensity[0]?.density ?? 1;
      return [textCell(row.title), { text: densityText(density), value: density }, ...cells];
    }),
  );
  return {
    columns: [
      { key: "attack", title: "Attack", isNumeric: false },
      { key: "density", title: "Density (sparsity)", isNumeric: true },
      ...methods.flatMap(headings),
    ],
    rows: body.filter((cells) => cells.slice(2).some(({ text }) => text !== "–" && text !== "")),
  };
}

/** What the networks of a method are measured against: one network, or a method's at each density; null where nothing. */
function baselineName(baselines: readonly Column[]): string | null {
  const [first] = baselines;
  if (first === undefined) return null;
  if (baselines.every((baseline) => baseline === first)) return first.label;
  const methods = new Set(baselines.map((baseline) => placeOf(baseline).method));
  return methods.size === 1 ? placeOf(first).method : "baseline";
}

function headings({ name, to }: { readonly name: string; readonly to: string | null }): readonly TableColumn[] {
  const own = { key: name, title: name, isNumeric: true };
  return to === null ? [own] : [own, { key: `${name} difference`, title: `Δ to ${to}`, isNumeric: true }];
}

interface Place {
  readonly method: string;
  readonly objective: string;
  readonly density: number;
}

function placeOf(column: Column): Place {
  const [fact] = facts.filter(({ key }) => key === "method");
  const method = String(fact?.cell(column).value ?? column.label);
  const [record] = column.published?.records ?? [];
  const [network] = column.networks;
  return {
    method: record === undefined ? method : `${method} [published: ${record.source}]`,
    objective: record?.objective ?? network?.checkpoint.objective ?? "",
    density: record?.density ?? namedDensity(network?.checkpoint ?? {}) ?? 1,
  };
}

/** Usually one network; where a method has several of one density, each is told, `none` where one has no such number. */
function together(here: readonly (Cell | null)[], cellOf: (cell: Cell | null) => TableCell, none: string): TableCell {
  const cells = here.map(cellOf);
  const [only] = cells;
  if (only === undefined || cells.every(({ text }) => text === "")) return { text: none, value: null };
  const texts = cells.map(({ text }) => (text === "" ? "–" : text));
  return { text: texts.join("; "), value: cells.length === 1 ? only.value : null };
}
