/** The comparison as one HTML file: table, figures, pictures, recipes, seeds, machines, warnings; nothing is fetched. */
import type { Comparison } from "./comparison.js";
import { drawFigure, escaped, type Figure } from "./figures/canvas.js";
import { allFigures } from "./figures/figures.js";
import type { Collected } from "./results.js";
import type { Table } from "./table.js";

export interface PageContents {
  readonly table: Table;
  readonly notes: readonly string[];
  readonly comparison: Comparison;
  readonly collected: Collected;
  /** Adversarial pictures that were found. */
  readonly pictures: readonly Picture[];
}

export interface Picture {
  readonly caption: string;
  /** `data:image/png;base64,…` */
  readonly source: string;
}

/** A whole document, ending with a newline. */
export function page(contents: PageContents): string {
  const { table, notes, comparison, collected, pictures } = contents;
  const figures = allFigures({ comparison, histories: collected.histories });
  const title = `Comparison of ${comparison.columns.map(({ label }) => label).join(", ")}`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">",
    `<title>${escaped(title)}</title>\n<style>${STYLE}</style>\n</head>\n<body>\n<main>`,
    "<h1>Accuracy, clean and under attack</h1>",
    section("Results", `${scrolling("Results", htmlTable(table))}${list(notes)}`),
    section("Figures", columns(figures.map(({ figure }) => figureHtml(figure)))),
    section("Pictures", columns(pictures.map(pictureHtml))),
    section("Networks", scrolling("Networks", htmlTable(networksOf(comparison)))),
    section("Attack recipes", recipes(comparison)),
    section("Runs", scrolling("Runs", htmlTable(runsOf(collected)))),
    section("Warnings of the runs", list(collected.notices.map(({ run, message }) => `${run}: ${message}`))),
    "</main>\n</body>\n</html>\n",
  ].join("\n");
}

function htmlTable({ columns, rows }: Table): string {
  const css = (isNumeric: boolean) => (isNumeric ? ' class="number"' : "");
  // The corner above the row names is no heading.
  const head = columns.map(({ title, isNumeric }) =>
    title === "" ? "<td></td>" : `<th scope="col"${css(isNumeric)}>${escaped(title)}</th>`,
  );
  const body = rows.map((cells) => {
    const line = cells.map(({ text }, i) =>
      i === 0
        ? `<th scope="row">${escaped(text)}</th>`
        : `<td${css(columns[i]?.isNumeric ?? false)}>${escaped(text)}</td>`,
    );
    return `<tr>${line.join("")}</tr>`;
  });
  return `<table>\n<thead><tr>${head.join("")}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>`;
}

function section(title: string, body: string): string {
  return body === "" ? "" : `<section>\n<h2>${escaped(title)}</h2>\n${body}\n</section>`;
}

/** Beside each other where there is room. */
function columns(parts: readonly string[]): string {
  return parts.length === 0 ? "" : `<div class="columns">\n${parts.join("\n")}\n</div>`;
}

/** Scrolls on a narrow screen, where its letters would be too small to read. */
function figureHtml(figure: Figure): string {
  const box = `class="drawing" role="region" aria-label="${escaped(figure.title)}" tabindex="0"`;
  return `<figure ${box}>${drawFigure(figure)}</figure>`;
}

/** Wide content scrolls in its own box, which the keyboard reaches. */
function scrolling(name: string, body: string): string {
  return `<div class="wide" role="region" aria-label="${escaped(name)} table" tabindex="0">${body}</div>`;
}

function list(entries: readonly string[]): string {
  return entries.length === 0 ? "" : `<ul>${entries.map((entry) => `<li>${escaped(entry)}</li>`).join("\n")}</ul>`;
}

function pictureHtml({ caption, source }: Picture): string {
  return `<figure><img src="${source}" alt="${escaped(`Adversarial pictures: ${caption}`)}"><figcaption>${escaped(caption)}</figcaption></figure>`;
}

function networksOf({ columns }: Comparison): Table {
  const rows = columns.flatMap(({ label, networks }) =>
    networks.map(({ checkpoint }) => [label, checkpoint.path, String(checkpoint.seed ?? ""), checkpoint.sha256]),
  );
  return texts(["Network", "File", "Seed", "SHA-256"], rows);
}

function runsOf({ starts }: Collected): Table {
  const rows = starts.map(({ run, command, version, seed, engine, data }) => [
    run,
    `${command} ${version}`,
    String(seed),
    engine === null ? "" : `${engine.name}, ${engine.threads} threads`,
    engine?.device ?? "",
    data === null ? "" : `${data.name} ${data.split}, ${data.samples} images`,
  ]);
  return texts(["Run", "Command", "Seed", "Engine", "Machine", "Data"], rows);
}

function texts(titles: readonly string[], rows: readonly (readonly string[])[]): Table {
  return {
    columns: titles.map((title) => ({ key: title, title, isNumeric: false })),
    rows: rows.map((cells) => cells.map((text) => ({ text, value: text }))),
  };
}

function recipes({ rows, columns }: Comparison): string {
  return rows
    .map(({ title, key }) => {
      const result = columns.flatMap(({ networks }) => networks.flatMap(({ results }) => results.get(key) ?? []))[0];
      const constants = Object.entries(result?.recipe ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      const seeds = `attack seed ${result?.seed ?? "?"}`;
      return `<details><summary>${escaped(title)}</summary><p>${escaped([...constants, seeds].join("; "))}</p></details>`;
    })
    .join("\n");
}

const STYLE = [
  ":root{color-scheme:light dark;--ink:#1f2328;--page:#fff;--line:#d1d9e0;--band:#f6f8fa}",
  "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--page:#0d1117;--line:#3d444d;--band:#161b22}}",
  "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}",
  "main{max-width:72rem;margin:0 auto;padding:1rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}",
  ".wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}table{border-collapse:collapse;font-size:.9rem;white-space:nowrap}",
  "th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid var(--line)}thead{background:var(--band)}tbody th{font-weight:normal}",
  "tbody th{position:sticky;left:0;background:var(--page)}@media(max-width:40rem){tbody th{white-space:normal;min-width:7rem}}",
  ".number{text-align:right;font-variant-numeric:tabular-nums}figure{margin:0}figure svg,figure img{max-width:100%;height:auto}",
  ".columns{columns:33rem;column-gap:1.5rem}.columns>figure{break-inside:avoid;margin-bottom:1.5rem}",
  ".drawing{overflow-x:auto}.drawing>svg{min-width:34rem}",
  "li{overflow-wrap:anywhere}details{margin:.3rem 0}details p{overflow-wrap:anywhere}",
].join("\n");
