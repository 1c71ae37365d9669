/** Puts plots, a title and a legend into one SVG that reads on light and dark pages. */
import { plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** In CSS pixels: a column of text. */
export const WIDTH = 640;

/** Okabe & Ito's colours, told apart with every common kind of colour blindness, in an order that keeps neighbours distinct. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;
/** Colours come again after six networks, with other symbols. */
const SYMBOLS = ["circle", "square", "triangle", "diamond2", "star", "wye"] as const;

export interface Key {
  readonly label: string;
  readonly colour: string;
  /** One of `SYMBOLS`; null for a line alone. */
  readonly symbol: string | null;
}

/** Of a network that is marked by points. */
export interface NetworkKey extends Key {
  readonly symbol: string;
}

export interface Panel {
  /** Above the panel; "" for none. */
  readonly title: string;
  readonly options: Parameters<typeof plot>[0];
}

export interface Figure {
  readonly title: string;
  /** One sentence for those who do not see it. */
  readonly description: string;
  readonly keys: readonly Key[];
  /** What marks mean besides: "solid: PGD-50; dashed: clean". */
  readonly caption: string;
  readonly panels: readonly Panel[];
}

const FONT_SIZE = 12;
const LINE = 18;
const MARGIN = 12;
/** Of a letter at 12 px, on the average; a legend that breaks early is better than one that is cut off. */
const LETTER = 6.6;

/** The colour and symbol of the `index`-th network. */
export function keyOf(label: string, index: number): NetworkKey {
  const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
  const symbol = SYMBOLS[(index + Math.floor(index / COLOURS.length)) % SYMBOLS.length] ?? SYMBOLS[0];
  return { label, colour, symbol };
}

/** A document of its own: no style from outside, text as text. `background`: painted, for pictures without a page behind them. */
export function drawFigure(figure: Figure, background: string | null = null): string {
  const top = MARGIN + LINE;
  const parts = [`<text font-size="15" font-weight="600" x="${MARGIN}" y="${top}">${escaped(figure.title)}</text>`];
  let bottom = top;
  const add = (drawn: Drawn) => {
    parts.push(...drawn.parts);
    bottom = drawn.bottom;
  };
  add(legendParts(figure.keys, bottom + LINE));
  add(captionParts(figure.caption, bottom));
  for (const panel of figure.panels) add(panelParts(panel, bottom));
  const height = Math.ceil(bottom + MARGIN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONTS}" font-size="${FONT_SIZE}" fill="currentColor" color="${INK}">`,
    `<title>${escaped(figure.title)}</title><desc>${escaped(figure.description)}</desc>`,
    `<style>${background === null ? STYLE + DARK : STYLE}</style>`,
    background === null ? "" : `<rect width="100%" height="100%" fill="${background}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** Elements, and how far down they reach. */
interface Drawn {
  readonly parts: readonly string[];
  readonly bottom: number;
}

function captionParts(caption: string, top: number): Drawn {
  const lines = wrapped(caption);
  const parts = lines.map(
    (line, i) => `<text fill-opacity="0.8" x="${MARGIN}" y="${top + (i + 1) * LINE}">${escaped(line)}</text>`,
  );
  return { parts, bottom: top + lines.length * LINE };
}

function panelParts({ title, options }: Panel, top: number): Drawn {
  const y = title === "" ? top : top + LINE + 8;
  const heading = title === "" ? [] : [`<text font-weight="600" x="${MARGIN}" y="${y}">${escaped(title)}</text>`];
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const x = { labelOffset: 38, ...options?.x };
  const drawn = plot({ width: WIDTH, marginBottom: 44, style: { background: "none" }, ...options, x, document });
  drawn.setAttribute("y", String(y + 10));
  for (const style of drawn.querySelectorAll("style")) style.remove();
  // The figure as a whole is one image with a description; names of single marks have no role to stand on.
  for (const mark of drawn.querySelectorAll("[aria-label]")) mark.removeAttribute("aria-label");
  for (const text of drawn.querySelectorAll("text")) placeText(text);
  for (const line of drawn.querySelectorAll("[stroke-opacity]")) rename(line, "stroke-opacity", "opacity");
  for (const name of ["font-size", "font-family", "class"]) drawn.removeAttribute(name);
  return { parts: [...heading, drawn.outerHTML], bottom: y + Number(drawn.getAttribute("height")) + 10 };
}

interface Placed {
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

/** Some renderers know no style sheets, no lengths in em, no dy and no stroke-opacity: all that matters is an attribute they know. */
function placeText(text: Placed): void {
  const y = pixels(text.getAttribute("y")) + pixels(text.getAttribute("dy"));
  text.removeAttribute("dy");
  text.setAttribute("y", String(y));
}

function rename(element: Placed, from: string, to: string): void {
  const value = element.getAttribute(from);
  element.removeAttribute(from);
  if (value !== null) element.setAttribute(to, value);
}

function pixels(length: string | null): number {
  const [, number = "0", unit = ""] = /^(-?[\d.]+)(em)?$/.exec(length ?? "") ?? [];
  return Number(number) * (unit === "em" ? FONT_SIZE : 1);
}

/** The first that is there; a renderer that takes one name alone is given one of these. */
export const FONTS = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',Helvetica,Arial,sans-serif";
const INK = "#1f2328";
const STYLE = ".figure svg{overflow:visible}.figure svg text{white-space:pre}";
const DARK = "@media(prefers-color-scheme:dark){.figure{color:#e6edf3}}";

function legendParts(keys: readonly Key[], top: number): Drawn {
  let [x, y] = [MARGIN, top];
  const parts = keys.map(({ label, colour, symbol }) => {
    const width = 26 + LETTER * label.length + 14;
    if (x > MARGIN && x + width > WIDTH - MARGIN) [x, y] = [MARGIN, y + LINE];
    const at = x;
    x += width;
    const mark = symbol === null ? "" : symbolPath(symbol, at + 10, y - 4);
    return (
      `<g fill="${colour}" stroke="${colour}"><line x1="${at}" x2="${at + 20}" y1="${y - 4}" y2="${y - 4}" stroke-width="2"/>${mark}</g>` +
      `<text x="${at + 26}" y="${y}">${escaped(label)}</text>`
    );
  });
  return { parts, bottom: keys.length === 0 ? top - LINE : y };
}

/** Small shapes like those of the plots. */
function symbolPath(symbol: string, x: number, y: number): string {
  const shape = shapes.get(symbol) ?? "M-4,-4L4,4M-4,4L4,-4";
  return `<path transform="translate(${x},${y})" d="${shape}" stroke-width="1.5"/>`;
}

const shapes: ReadonlyMap<string, string> = new Map([
  ["circle", "M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0"],
  ["square", "M-4,-4H4V4H-4Z"],
  ["triangle", "M0,-5L4.5,4H-4.5Z"],
  ["diamond2", "M0,-5L5,0L0,5L-5,0Z"],
  ["star", "M0,-6L1.4,-1.9L5.7,-1.9L2.2,.7L3.5,4.9L0,2.3L-3.5,4.9L-2.2,.7L-5.7,-1.9L-1.4,-1.9Z"],
  ["wye", "M-1.5,5V1L-5,-1.5L-3.5,-4L0,-2L3.5,-4L5,-1.5L1.5,1V5Z"],
]);

function wrapped(text: string): readonly string[] {
  const most = Math.floor((WIDTH - 2 * MARGIN) / LETTER);
  const lines: string[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (symbol) => `&#${symbol.charCodeAt(0)};`);
}
