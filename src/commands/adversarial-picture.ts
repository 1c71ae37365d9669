/** `--pictures`: rows of a clean image, the adversarial one and their difference, with what the network says of both. */
import { writeAtomically } from "../core/atomic-write.js";
import type { ImageSet } from "../data/image-set.js";
import { type Colour, LETTER_ADVANCE, LINE_ADVANCE, Picture } from "../formats/picture.js";
import type { AttackedSample } from "./adversarial-images.js";

export interface PictureText {
  /** The network, the attacks and the radius. */
  readonly title: string;
}

/** Rows of one picture. */
const MOST_ROWS = 16;

/** How much the difference is enlarged, around a middle grey. */
const ENLARGED = 10;

const TEXT_SCALE = 2;
const GAP = 12;
const LINE = LINE_ADVANCE * TEXT_SCALE;
/** Letters that a caption has room for. */
const CAPTION = 26;
const INK: Colour = [20, 20, 20];
const RED: Colour = [190, 30, 30];
const GREEN: Colour = [20, 120, 50];

/** Writes the first samples that were fooled; where none was, the first ones that stood. Errors as `writeAtomically`. */
export async function writePictures(
  path: string,
  samples: Iterable<AttackedSample>,
  { images, title }: PictureText & { readonly images: ImageSet },
): Promise<void> {
  await writeAtomically(path, drawRows(chosenRows(samples), { images, title }).png());
}

/** Reads no more samples than it needs. */
function chosenRows(samples: Iterable<AttackedSample>): readonly AttackedSample[] {
  const fooled: AttackedSample[] = [];
  const others: AttackedSample[] = [];
  for (const sample of samples) {
    (sample.attack === null ? others : fooled).push(sample);
    if (fooled.length === MOST_ROWS) break;
  }
  return fooled.length > 0 ? fooled : others.slice(0, MOST_ROWS);
}

function drawRows(
  rows: readonly AttackedSample[],
  { images, title }: PictureText & { readonly images: ImageSet },
): Picture {
  const { height, width, channels, classes } = images;
  const scale = Math.max(1, Math.ceil(128 / Math.max(height, width)));
  const [cellWidth, cellHeight] = [width * scale + GAP, Math.max(height * scale, 4 * LINE) + GAP];
  const top = GAP + 2 * LINE + GAP;
  const wide = Math.max(
    3 * cellWidth + CAPTION * LETTER_ADVANCE * TEXT_SCALE,
    title.length * LETTER_ADVANCE * TEXT_SCALE,
  );
  const picture = new Picture(GAP + wide + GAP, top + rows.length * cellHeight);
  const write = (x: number, y: number, line: string, colour = INK) =>
    picture.text(x, y, line, { scale: TEXT_SCALE, colour });
  write(GAP, GAP, title);
  for (const [i, heading] of ["clean", "attacked", `diff ×${ENLARGED}`].entries()) {
    write(GAP + i * cellWidth, GAP + LINE + GAP / 2, heading);
  }
  for (const [i, sample] of rows.entries()) {
    const y = top + i * cellHeight;
    const difference = sample.attacked.map((value, k) => 0.5 + ENLARGED * (value - (sample.clean[k] ?? 0)));
    for (const [column, values] of [sample.clean, sample.attacked, difference].entries()) {
      picture.image(GAP + column * cellWidth, y, scale, { height, width, channels, values });
    }
    for (const [line, [caption, colour]] of captions(sample, classes).entries()) {
      write(GAP + 3 * cellWidth, y + line * LINE, caption, colour);
    }
  }
  return picture;
}

function captions(sample: AttackedSample, classes: readonly string[]): readonly (readonly [string, Colour])[] {
  const { index, label, cleanPrediction, prediction, attack } = sample;
  const name = (label: number) => classes[label] ?? String(label);
  const colour = (predicted: number) => (predicted === label ? GREEN : RED);
  return [
    [`#${index} is ${name(label)}`, INK],
    [`clean: ${name(cleanPrediction)}`, colour(cleanPrediction)],
    [`attacked: ${name(prediction)}`, colour(prediction)],
    [attack === null ? (cleanPrediction === label ? "stands" : "wrong from the start") : `by ${attack}`, INK],
  ];
}
