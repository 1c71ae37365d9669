/** A sweep over densities: for each attack a row a density, a column a method, with its objective where methods have several. */
import { accuracyCell } from "./accuracy-text.js";
import type { Column, Comparison, Row } from "./comparison.js";
import { densityText } from "./density.js";
import { facts } from "./facts.js";
import { groupBy } from "./group-by.js";
import type { LayoutOptions } from "./layout-options.js";
import { type Table, type TableCell, textCell } from "./table.js";
import { shownColumns } from "./table-columns.js";

export function sweepTable(comparison: Comparison, { names, digits }: LayoutOptions): Table {
  const { rows } = shownColumns(comparison, names);
  const places = comparison.columns.map((column, index) => ({ index, ...placeOf(column) }));
  const objectives = new Set(places.map(({ objective }) => objective));
  const methodOf = (place: (typeof places)[number]) =>
    objectives.size > 1 ? `${place.method} ${place.objective}`.trim() : place.method;
  const methods = [...groupBy(places, methodOf).keys()];
  // Densities that are meant to be one agree in three digits.
  const densities = groupBy(
    [...places].sort((a, b) => a.density - b.density),
    ({ density }) => density.toPrecision(3),
  );
  const body = rows.flatMap((row) =>
    [...densities].map(([, ofDensity]) => {
      const cells = methods.map((method) => {
        const here = ofDensity.filter((place) => methodOf(place) === method).map(({ index }) => index);
        return together(row, here, digits);
      });
      const density = ofDensity[0]?.density ?? 1;
      return [textCell(row.title), { text: densityText(density), value: density }, ...cells];
    }),
  );
  return {
    columns: [
      { key: "attack", title: "Attack", isNumeric: false },
      { key: "density", title: "Density (sparsity)", isNumeric: true },
      ...methods.map((method) => ({ key: method, title: method, isNumeric: true })),
    ],
    rows: body.filter((cells) => cells.slice(2).some(({ value }) => value !== null)),
  };
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
    density: record?.density ?? network?.checkpoint.density ?? 1,
  };
}

/** Usually one network; where a method has several of one density, each is told. */
function together(row: Row, indices: readonly number[], digits: number | null): TableCell {
  const cells = indices.map((index) => accuracyCell(row.cells[index] ?? null, digits));
  const [only] = cells;
  if (only === undefined) return { text: "–", value: null };
  return { text: cells.map(({ text }) => text).join("; "), value: cells.length === 1 ? only.value : null };
}
