/** The lines below a table: which images, which interval and test, then the remarks. */
import { SIGNIFICANCE } from "./accuracy-text.js";
import type { Comparison, Family } from "./comparison.js";
import type { Table } from "./table.js";

/** `table`: as laid out; where it shows no differences, nothing is said of tests. */
export function footer(comparison: Comparison, table: Table): readonly string[] {
  const { columns, rows, remarks, ofDifferences } = comparison;
  const showsDifferences = table.columns.some(({ key }) => /(^|\s)difference$/.test(key));
  const results = columns.flatMap(({ networks }) => networks.flatMap(({ results }) => [...results.values()]));
  const images = results.map(({ data, range }) => `${data.name} ${data.split}, ${range[0]} to ${range[1] - 1}`);
  const hasIntervals = rows.some(({ cells }) => cells.some((cell) => (cell?.interval ?? null) !== null));
  return [
    `Images: ${[...new Set(images)].join("; ")}${hasIntervals ? "; 95% Wilson intervals" : ""}.`,
    ...(showsDifferences ? tests(comparison) : []),
    ...remarks.filter((remark) => showsDifferences || !ofDifferences.includes(remark)),
  ];
}

function tests({ rows, family }: Comparison): readonly string[] {
  const differences = rows.flatMap(({ cells }) => cells).flatMap((cell) => cell?.difference ?? []);
  const correction = correctionText(family);
  const notes = [
    differences.some(({ pairs }) => pairs !== null)
      ? `Δ in points with Newcombe's paired 95% interval; p by McNemar's exact test on the shared samples${correction}, "noise" from ${SIGNIFICANCE}.`
      : null,
    differences.some(({ seeds }) => seeds > 1)
      ? `Δ over seeds: mean ± standard deviation; where the seeds pair up, with Student's 95% interval and the paired t test${correction}.`
      : null,
  ];
  return notes.filter((note) => note !== null);
}

function correctionText({ shown, besides }: Family): string {
  if (shown + besides < 2) return "";
  const table = `the ${shown} ${shown === 1 ? "test" : "tests"} of this table`;
  return `, Holm-corrected for ${table}${besides === 0 ? "" : ` and ${besides} more of --fail-if`}`;
}
