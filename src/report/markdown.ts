/** The comparison as a markdown table: networks across, attacks down, what a difference is worth beside it. */
import type { Cell, Column, Comparison, Difference } from "./comparison.js";
import { describeNetworks } from "./description.js";

/** p-values below this are called a difference, others noise. */
const SIGNIFICANCE = 0.05;

/** Ends with a newline. */
export function markdownTable(comparison: Comparison): string {
  const { columns, rows, remarks } = comparison;
  const descriptions = describeNetworks(columns.map(({ network }) => network)).map(({ title, values }) => [
    title,
    ...columns.flatMap(({ baseline }, i) => (baseline === null ? [values[i] ?? ""] : [values[i] ?? "", ""])),
  ]);
  const results = rows.map(({ title, cells }) => [
    title,
    ...columns.flatMap(({ baseline }, i) => cellTexts(cells[i] ?? null, baseline !== null)),
  ]);
  const table = aligned([headings(columns), ...descriptions, ...results]);
  const notes = [`${imagesNote(columns)}; 95% Wilson intervals.`, ...differenceNote(columns), ...remarks];
  return `${table}\n\n${notes.map((note) => `- ${oneLine(note)}`).join("\n")}\n`;
}

/** `Images: sample test, 0 to 999`. */
function imagesNote(columns: readonly Column[]): string {
  const results = columns.flatMap(({ network }) => [...network.results.values()]);
  const images = results.map(({ data, range }) => `${data.name} ${data.split}, ${range[0]} to ${range[1] - 1}`);
  return `Images: ${[...new Set(images)].join("; ")}`;
}

function headings(columns: readonly Column[]): readonly string[] {
  const titles = columns.flatMap(({ label, network, baseline }) => {
    const title = network.unfinished === null ? label : `${label} (unfinished)`;
    return baseline === null ? [title] : [title, `Δ to ${baseline.label}`];
  });
  return ["", ...titles];
}

function cellTexts(cell: Cell | null, hasBaseline: boolean): readonly string[] {
  const accuracy = cell === null ? "–" : accuracyText(cell);
  return hasBaseline ? [accuracy, cell?.difference ? differenceText(cell.difference) : ""] : [accuracy];
}

/** `51.2% [50.2, 52.2], 5120/10000`. */
function accuracyText({ accuracy, interval, result: { correct, samples } }: Cell): string {
  const percent = (share: number) => percentText(share, samples);
  return `${percent(accuracy)}% [${percent(interval.low)}, ${percent(interval.high)}], ${correct}/${samples}`;
}

/** `+1.2 (p = 0.043)`, `-0.3 (p = 0.81: noise)`. */
function differenceText({ value, samples, p }: Difference): string {
  const points = percentText(Math.abs(value), samples);
  const sign = Number(points) === 0 ? "±" : value > 0 ? "+" : "-";
  const probability = p < 0.001 ? "p < 0.001" : `p = ${Number(p.toPrecision(2))}`;
  return `${sign}${points} (${probability}${p < SIGNIFICANCE ? "" : ": noise"})`;
}

/** One decimal, two from 10,000 samples. */
function percentText(share: number, samples: number): string {
  return (100 * share).toFixed(samples >= 10_000 ? 2 : 1);
}

function differenceNote(columns: readonly Column[]): readonly string[] {
  if (columns.every(({ baseline }) => baseline === null)) return [];
  return [`Δ in points; p by McNemar's exact test on the shared samples, "noise" from ${SIGNIFICANCE}.`];
}

function aligned(lines: readonly (readonly string[])[]): string {
  const cells = lines.map((line) => line.map((cell) => oneLine(cell).replaceAll("|", "\\|")));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(3, ...cells.map((line) => [...(line[i] ?? "")].length)));
  const row = (line: readonly string[]) =>
    `| ${widths.map((width, i) => (i === 0 ? padEnd(line[i] ?? "", width) : padStart(line[i] ?? "", width))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? `:${"-".repeat(width - 1)}` : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [row(head), rule, ...body.map(row)].join("\n");
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(width - [...text].length);
}

function padStart(text: string, width: number): string {
  return " ".repeat(width - [...text].length) + text;
}

/** Names come from files of others: no line break may leave its cell. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
