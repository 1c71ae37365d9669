/** A table as LaTeX: a booktabs tabular with its notes below. */
import type { Table } from "./table.js";

/** Needs `\\usepackage{booktabs}`. Ends with a newline. */
export function latex({ columns, rows }: Table, notes: readonly string[]): string {
  const line = (texts: readonly string[]) => `    ${texts.map(escaped).join(" & ")} \\\\`;
  return [
    "% needs \\usepackage{booktabs}",
    "\\begin{table}",
    "  \\centering",
    `  \\begin{tabular}{${columns.map(({ isNumeric }) => (isNumeric ? "r" : "l")).join("")}}`,
    "    \\toprule",
    line(columns.map(({ title }) => title)),
    "    \\midrule",
    ...rows.map((cells) => line(cells.map(({ text }) => text))),
    "    \\bottomrule",
    "  \\end{tabular}",
    ...notes.map((note) => `  \\par\\footnotesize ${escaped(note)}`),
    "\\end{table}",
    "",
  ].join("\n");
}

const symbols: ReadonlyMap<string, string> = new Map<string, string>([
  ["\\", "\\textbackslash{}"],
  ...["&", "%", "$", "#", "_", "{", "}"].map((symbol) => [symbol, `\\${symbol}`] as const),
  ["~", "\\textasciitilde{}"],
  ["^", "\\textasciicircum{}"],
  ["<", "\\textless{}"],
  [">", "\\textgreater{}"],
  ["ε", "$\\varepsilon$"],
  ["Δ", "$\\Delta$"],
  ["±", "$\\pm$"],
  ["×", "$\\times$"],
  ["∞", "$\\infty$"],
  ["−", "$-$"],
  ["–", "--"],
]);

function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[^\x20-\x7e]|[\\&%$#_{}~^<>]/g, (symbol) => symbols.get(symbol) ?? symbol);
}
