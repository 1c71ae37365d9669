/** The table for a CI job's summary, which takes no more than 1 MiB a step. */
import { markdown } from "./markdown.js";
import type { Table } from "./table.js";

/** GitHub's limit for one step's summary; a larger one is dropped whole. */
const MOST_BYTES = 2 ** 20;

export interface Summary {
  readonly text: string;
  /** What had to be left out, in a sentence; null where all is there. */
  readonly leftOut: string | null;
}

/** `used`: bytes that the summary holds already. Leaves out as many of the last rows as it must, then of the notes, and says so. */
export function fittingSummary(table: Table, notes: readonly string[], used: number): Summary {
  const room = MOST_BYTES - used;
  const whole = `${markdown(table, notes)}\n`;
  if (Buffer.byteLength(whole) <= room) return { text: whole, leftOut: null };
  let [fits, tooMany] = [0, table.rows.length + 1];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (Buffer.byteLength(shortened(table, notes, middle).text) <= room) fits = middle;
    else tooMany = middle;
  }
  const short = shortened(table, notes, fits);
  if (Buffer.byteLength(short.text) <= room) return short;
  const nothing = "The step summary has no room left for the comparison; it is left out.";
  return { text: nothing.length < room ? `${nothing}\n` : "", leftOut: nothing };
}

function shortened(table: Table, notes: readonly string[], rows: number): Summary {
  const shown = notes.slice(0, 20);
  const hidden = notes.length - shown.length;
  const rest = hidden === 0 ? "" : ` and ${hidden} notes`;
  const leftOut = `Left out of the step summary, which takes 1 MiB: ${table.rows.length - rows} of ${table.rows.length} rows${rest}.`;
  return { text: `${markdown({ ...table, rows: table.rows.slice(0, rows) }, [...shown, leftOut])}\n`, leftOut };
}
