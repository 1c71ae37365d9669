/** A table as data: what each layout makes, and each format writes. */

export interface TableColumn {
  /** Different for each column; CSV and JSON name it so. */
  readonly key: string;
  readonly title: string;
  readonly isNumeric: boolean;
}

export interface TableCell {
  /** For people. */
  readonly text: string;
  /** For programs, at full precision; null where it is not known. */
  readonly value: number | string | null;
}

export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
}

export const noCell: TableCell = { text: "", value: null };

export function textCell(text: string): TableCell {
  return { text, value: text };
}
