/**
 * A folder of one's own images: `train/` and `test/` in it, each with `images.npy` [sample, row, column, channel] and `labels.npy`
 * [sample]; test images may lie in the folder itself. Optional: `classes.txt`, a name a line, where labels do not show all classes.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { type ElementType, numbersOf } from "../formats/elements.js";
import { type NpyHeader, readNpy } from "../formats/npy.js";
import { firstImages, type ImageSet, type Split } from "./image-set.js";
import { requireLabels } from "./labels.js";

const IMAGES = "images.npy";
const LABELS = "labels.npy";
const CLASSES = "classes.txt";

/** Labels are kept in bytes. */
const MOST_CLASSES = 256;

/** Red, green, blue and what lies beside them. */
const MOST_CHANNELS = 4;

/** `name` is the folder's path. InputError, naming the file, for whatever is missing or does not fit. */
export async function loadFolder(options: {
  readonly name: string;
  readonly split: Split;
  readonly limit?: number | undefined;
}): Promise<ImageSet> {
  const { name, split, limit } = options;
  const place = await placeOf(name, split);
  const names = await classNames(name);
  const labels = await readLabels(join(place, LABELS), names?.length ?? MOST_CLASSES);
  const { pixels, shape } = await readImages(join(place, IMAGES), labels.length);
  const [height, width, channels] = shape;
  const classes = names ?? (await numbered(name));
  return firstImages({ name, split, height, width, channels, classes, labels, pixels }, limit);
}

async function placeOf(folder: string, split: Split): Promise<string> {
  const own = join(folder, split);
  if (await exists(join(own, IMAGES))) return own;
  if (split === "test" && (await exists(join(folder, IMAGES)))) return folder;
  throw new InputError(
    `${join(own, IMAGES)}: no such file; expected ${IMAGES} and ${LABELS} in ${own}${split === "test" ? `, or in ${folder}` : ""}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function classNames(folder: string): Promise<readonly string[] | null> {
  const path = join(folder, CLASSES);
  if (!(await exists(path))) return null;
  const text = await readFile(path, "utf8").catch((error) => {
    throw fileError(error, "read", path);
  });
  const names = text.split(/\r?\n/).filter((line) => line !== "");
  if (names.length >= 2 && names.length <= MOST_CLASSES) return names;
  throw new InputError(`${path}: has ${names.length} names; expected 2 to ${MOST_CLASSES}, one a line`);
}

async function readLabels(path: string, classes: number): Promise<Uint8Array> {
  const { type, bytes } = await readNpy(path, (header) => {
    if (header.shape.length !== 1 || !isInteger(header.type)) throw wrongArray(path, header, "[samples] of integers");
  });
  const labels = numbersOf(bytes, type);
  requireLabels(labels, { where: path, from: 0, to: classes - 1 });
  return Uint8Array.from(labels);
}

/** Classes by number, as many as the labels of all splits show. */
async function numbered(folder: string): Promise<readonly string[]> {
  const files = [join(folder, "train", LABELS), join(folder, "test", LABELS), join(folder, LABELS)];
  let most = 1;
  for (const file of files) {
    if (!(await exists(file))) continue;
    most = (await readLabels(file, MOST_CLASSES)).reduce((largest, label) => Math.max(largest, label), most);
  }
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}

async function readImages(path: string, samples: number) {
  const { type, shape, bytes } = await readNpy(path, (header) => {
    const isSound = header.shape.length === 4 && header.shape.every((extent) => extent > 0);
    if (!isSound || !isPixel(header.type))
      throw wrongArray(path, header, "[samples, rows, columns, channels] of u1, f4 or f8");
    refuseChannelsFirst(path, header);
    if (header.shape[0] !== samples)
      throw new InputError(`${path}: holds ${header.shape[0]} images; there are ${samples} labels`);
  });
  const [, height = 0, width = 0, channels = 0] = shape;
  const pixels = type.kind === "f" ? pixelsOf(numbersOf(bytes, type), path, height * width * channels) : bytes;
  return { pixels, shape: [height, width, channels] as const };
}

/** As PyTorch has images; read as rows they would be a few rows of many channels, and nothing further on would complain. */
function refuseChannelsFirst(path: string, { shape }: NpyHeader): void {
  const [, first = 0, , last = 0] = shape;
  if ((first !== 1 && first !== 3) || last <= MOST_CHANNELS) return;
  throw new InputError(
    `${path}: holds [${shape.join(", ")}]: channels-first? transpose to [samples, rows, columns, channels] (images.transpose(0, 2, 3, 1))`,
  );
}

/** What float32 makes of k / 255, times 255, is this near to k. */
const ROUNDING = 1e-4;

/** Bytes where all numbers are those that bytes stand for, so that the container does not matter; else the numbers as they are. */
function pixelsOf(values: Float64Array, path: string, imageSize: number): Uint8Array | Float32Array {
  const outside = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (outside >= 0) {
    const place = `image ${Math.floor(outside / imageSize)} has a pixel of ${values[outside]}`;
    throw new InputError(`${path}: ${place}; expected numbers from 0 to 1, or bytes`);
  }
  const areBytes = values.every((value) => Math.abs(255 * value - Math.round(255 * value)) <= ROUNDING);
  return areBytes ? Uint8Array.from(values, (value) => Math.round(255 * value)) : Float32Array.from(values);
}

function isInteger({ kind }: ElementType): boolean {
  return kind === "u" || kind === "i";
}

function isPixel({ kind, bytes }: ElementType): boolean {
  return kind === "f" || (kind === "u" && bytes === 1);
}

function wrongArray(path: string, { shape, type }: NpyHeader, expected: string): InputError {
  return new InputError(`${path}: holds [${shape.join(", ")}] of ${type.kind}${type.bytes}; expected ${expected}`);
}
