/** SVHN (Netzer et al. 2011), cropped digits: 32×32 colour images in MATLAB files, column-major, the digit 0 labelled 10. */
import { join } from "node:path";
import { InputError } from "../core/errors.js";
import { numbersOf } from "../formats/elements.js";
import { type MatArray, readMat } from "../formats/mat.js";
import { type DecodedSplit, firstImages, type ImageSet, type Split } from "./image-set.js";
import { requireLabels } from "./labels.js";
import { find } from "./places.js";
import { noticeOfFile } from "./published.js";

const SAMPLES = { train: 73_257, test: 26_032 } as const;
/** As torchvision checks them. */
const MD5 = { train: "e26dedcc434d2e4c54c9b2d4a06d8373", test: "eb5a983be6a315427106f1b164d9cef3" } as const;
const SIDE = 32;
const CHANNELS = 3;
const IMAGE = CHANNELS * SIDE * SIDE;
const DIGITS: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The files as published, in `directory` or where data sets are looked for. InputError for whatever is wrong with them. */
export async function loadSvhn(options: {
  readonly directory: string | null;
  readonly split: Split;
  readonly limit?: number | undefined;
}): Promise<ImageSet> {
  const { directory, split, limit } = options;
  const file = `${split}_32x32.mat`;
  const source = `${file}, format 2, from ufldl.stanford.edu/housenumbers`;
  const found = await find(
    { name: "svhn", files: [file], folders: ["svhn", "SVHN"], archive: null, source },
    directory,
  );
  const path = join(found.path, file);
  const decoded = await readSvhnFile({ path, split, samples: SAMPLES[split] });
  return firstImages({ ...decoded, notice: await noticeOfFile(path, [MD5[split]]) }, limit);
}

/** A file of that many images. InputError, naming file and variable, for one that is damaged or holds anything else. */
export async function readSvhnFile(options: {
  readonly path: string;
  readonly split: Split;
  readonly samples: number;
}): Promise<DecodedSplit> {
  const { path, split, samples } = options;
  const wanted = new Map([
    ["X", [SIDE, SIDE, CHANNELS, samples]],
    ["y", [samples, 1]],
  ]);
  const variables = await readMat(path, wanted);
  const shape = { height: SIDE, width: SIDE, channels: CHANNELS };
  const pixels = pixelsOf(variables.get("X"), path);
  return { name: "svhn", split, ...shape, classes: DIGITS, labels: labelsOf(variables.get("y"), path), pixels };
}

function pixelsOf(images: MatArray | undefined, path: string): Uint8Array {
  if (images?.type.kind !== "u" || images.type.bytes !== 1)
    throw new InputError(`${path}: variable X: its elements are no unsigned bytes; expected pixels from 0 to 255`);
  const pixels = images.bytes;
  const planes = new Uint8Array(IMAGE);
  for (let from = 0; from < pixels.length; from += IMAGE) {
    planes.set(pixels.subarray(from, from + IMAGE));
    untranspose(planes, pixels.subarray(from, from + IMAGE));
  }
  return pixels;
}

/** From [channel][column][row] to [row][column][channel]. */
function untranspose(planes: Uint8Array, pixels: Uint8Array): void {
  let to = 0;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      for (let channel = 0; channel < CHANNELS; channel++)
        pixels[to++] = planes[(channel * SIDE + column) * SIDE + row] as number;
    }
  }
}

function labelsOf(stored: MatArray | undefined, path: string): Uint8Array {
  const values = stored === undefined ? [] : numbersOf(stored.bytes, stored.type);
  requireLabels(values, { where: `${path}: variable y`, from: 1, to: DIGITS.length });
  return Uint8Array.from(values, (label) => label % DIGITS.length);
}
