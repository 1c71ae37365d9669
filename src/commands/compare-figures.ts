/** What needs the plotting library, which takes longer to load than a table to print: figures and the page. */
import { mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { writeAtomically } from "../core/atomic-write.js";
import { InputError, UsageError } from "../core/errors.js";
import type { Comparison } from "../report/comparison.js";
import type { FigureName } from "../report/figure-names.js";
import { drawFigure } from "../report/figures/canvas.js";
import { makeFigure } from "../report/figures/figures.js";
import { pngOf } from "../report/figures/png.js";
import { page } from "../report/page.js";
import { findPictures } from "../report/picture-files.js";
import type { Collected } from "../report/results.js";
import type { Table } from "../report/table.js";
import { eventFile } from "../report/tensorboard.js";
import type { CommandContext } from "./command.js";

export interface Told {
  readonly comparison: Comparison;
  readonly collected: Collected;
}

/** `--plot FILE`: SVG or PNG by its ending. */
export async function writePlot(file: string, name: FigureName | null, { comparison, collected }: Told): Promise<void> {
  const figure = makeFigure(name, { comparison, histories: collected.histories });
  if (!isPng(file)) return writeAtomically(file, drawFigure(figure));
  const svg = drawFigure(figure, "#ffffff");
  const [, width, height] = / width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  await writeAtomically(file, await pngOf(svg, { width: Number(width), height: Number(height) }));
}

/** UsageError for an ending that is neither. */
export function requirePlotFile(file: string): void {
  if (![".svg", ".png"].includes(extname(file).toLowerCase())) {
    throw new UsageError(`--plot ${file}: figures are SVG or PNG; end the name with .svg or .png`);
  }
}

function isPng(file: string): boolean {
  return extname(file).toLowerCase() === ".png";
}

export async function renderPage(
  table: Table,
  notes: readonly string[],
  told: Told,
  context: CommandContext,
): Promise<string> {
  const { pictures, missing } = await findPictures(told.comparison);
  for (const sentence of missing) context.note(sentence);
  return page({ table, notes: [...notes, ...missing], pictures, ...told });
}

/** `--export-tensorboard DIR`: a folder a run, as TensorBoard wants them. InputError where no run was trained. */
export async function exportTensorboard(folder: string, { histories }: Collected): Promise<void> {
  if (histories.length === 0) {
    throw new InputError(
      "--export-tensorboard: the input has no train.epoch record; give the training run's records.ndjson",
    );
  }
  for (const history of histories) {
    const own = join(folder, history.run.replace(/[^\w.-]/g, "_"));
    await mkdir(own, { recursive: true });
    const seconds = Math.floor(Date.parse(history.start?.time ?? history.epochs[0]?.time ?? "") / 1000);
    await writeAtomically(join(own, `events.out.tfevents.${seconds}.sparse-robust`), eventFile(history));
  }
}
