/** Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): 28×28 gray images in idx.gz files, zero-padded to 32×32. */
import { join } from "node:path";
import { InputError } from "../core/errors.js";
import { readUnpacked } from "../formats/archive.js";
import { mostIdxBytes, parseIdx } from "../formats/idx.js";
import { type DecodedSplit, firstImages, type ImageSet, type Split } from "./image-set.js";
import { find } from "./places.js";

export const FASHION_CLASSES: readonly string[] = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];

const SAMPLES = { train: 60_000, test: 10_000 } as const;
const STORED = 28;
/** Zeros on each side, so that networks for 32×32 images fit. */
const MARGIN = 2;
const SIDE = STORED + 2 * MARGIN;

/** The files as published, in `directory` or where data sets are looked for. InputError for whatever is wrong with them. */
export async function loadFashionMnist(options: {
  readonly directory: string | null;
  readonly split: Split;
  readonly limit?: number | undefined;
}): Promise<ImageSet> {
  const { directory, split, limit } = options;
  const { images, labels } = fileNames(split);
  const found = await find(
    {
      name: "fashion",
      files: [images, labels],
      folders: ["fashion-mnist", "FashionMNIST/raw"],
      archive: null,
      source:
        "the four idx.gz files of github.com/zalandoresearch/fashion-mnist (or Debian's package dataset-fashion-mnist)",
    },
    directory,
  );
  const decoded = await readFashionFiles({ name: "fashion", folder: found.path, split, samples: SAMPLES[split] });
  return firstImages(decoded, limit);
}

/** The two files of a split in Fashion-MNIST's form, with `samples` images. */
export async function readFashionFiles(options: {
  readonly name: string;
  readonly folder: string;
  readonly split: Split;
  readonly samples: number;
}): Promise<DecodedSplit> {
  const { name, folder, split, samples } = options;
  const files = fileNames(split);
  const labels = await readArray(join(folder, files.labels), [samples]);
  requireLabels(join(folder, files.labels), labels);
  const images = await readArray(join(folder, files.images), [samples, STORED, STORED]);
  const shape = { height: SIDE, width: SIDE, channels: 1 };
  return { name, split, ...shape, classes: FASHION_CLASSES, labels, pixels: padded(images) };
}

function fileNames(split: Split): { images: string; labels: string } {
  const prefix = split === "train" ? "train" : "t10k";
  return { images: `${prefix}-images-idx3-ubyte.gz`, labels: `${prefix}-labels-idx1-ubyte.gz` };
}

async function readArray(path: string, expected: readonly number[]): Promise<Uint8Array> {
  const { shape, values } = parseIdx(await readUnpacked(path, mostIdxBytes(expected)), path);
  if (shape.join() !== expected.join()) {
    throw new InputError(`${path}: it holds [${shape.join(", ")}] bytes; expected [${expected.join(", ")}]`);
  }
  return new Uint8Array(values);
}

function requireLabels(path: string, labels: Uint8Array): void {
  const wrong = labels.findIndex((label) => label >= FASHION_CLASSES.length);
  if (wrong >= 0)
    throw new InputError(`${path}: image ${wrong} has the label ${labels[wrong]}; labels run from 0 to 9`);
}

function padded(stored: Uint8Array): Uint8Array {
  const samples = stored.length / (STORED * STORED);
  const pixels = new Uint8Array(samples * SIDE * SIDE);
  for (let row = 0; row < samples * STORED; row++) {
    const image = Math.floor(row / STORED);
    const target = (image * SIDE + MARGIN + (row % STORED)) * SIDE + MARGIN;
    pixels.set(stored.subarray(row * STORED, (row + 1) * STORED), target);
  }
  return pixels;
}
