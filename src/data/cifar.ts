/** CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their binary version: records of labels and three 32×32 planes. */
import { readFile, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { readTar } from "../formats/archive.js";
import { CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_SUPERCLASSES } from "./cifar-classes.js";
import { firstImages, type ImageSet, type Split } from "./image-set.js";
import { type Found, find } from "./places.js";

interface Version {
  readonly name: string;
  readonly files: Readonly<Record<Split, readonly string[]>>;
  readonly recordsPerFile: Readonly<Record<Split, number>>;
  /** What each label byte of a record may be below; the last one is the class. */
  readonly labelLimits: readonly number[];
  readonly classes: readonly string[];
  readonly folder: string;
  readonly archive: string;
}

const CIFAR10: Version = {
  name: "cifar10",
  files: { train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`), test: ["test_batch.bin"] },
  recordsPerFile: { train: 10_000, test: 10_000 },
  labelLimits: [10],
  classes: CIFAR10_CLASSES,
  folder: "cifar-10-batches-bin",
  archive: "cifar-10-binary.tar.gz",
};

const CIFAR100: Version = {
  name: "cifar100",
  files: { train: ["train.bin"], test: ["test.bin"] },
  recordsPerFile: { train: 50_000, test: 10_000 },
  labelLimits: [CIFAR100_SUPERCLASSES, 100],
  classes: CIFAR100_CLASSES,
  folder: "cifar-100-binary",
  archive: "cifar-100-binary.tar.gz",
};

const SIDE = 32;
const PLANE = SIDE * SIDE;
const CHANNELS = 3;
const IMAGE = CHANNELS * PLANE;

export interface CifarOptions {
  /** Place of the folder or archive; null: where data sets are looked for. */
  readonly directory: string | null;
  readonly split: Split;
  readonly limit?: number | undefined;
}

/** CIFAR-10, training batches in their order. InputError for whatever is wrong with the files. */
export function loadCifar10(options: CifarOptions): Promise<ImageSet> {
  return load(CIFAR10, options);
}

/** CIFAR-100 with its fine labels. InputError for whatever is wrong with the files. */
export function loadCifar100(options: CifarOptions): Promise<ImageSet> {
  return load(CIFAR100, options);
}

async function load(version: Version, { directory, split, limit }: CifarOptions): Promise<ImageSet> {
  const { name, classes, folder, archive } = version;
  const files = version.files[split];
  const records = version.recordsPerFile[split];
  const source = `${archive}, the binary version, from www.cs.toronto.edu/~kriz/cifar.html`;
  const found = await find({ name, files, folders: [folder], archive, source }, directory);
  const labels = new Uint8Array(files.length * records);
  const pixels = new Uint8Array(files.length * records * IMAGE);
  const readers = await contents(found, { files, bytes: records * (version.labelLimits.length + IMAGE) });
  for (const [i, { path, read }] of readers.entries()) {
    decode(await read(), {
      path,
      labelLimits: version.labelLimits,
      labels: labels.subarray(i * records, (i + 1) * records),
      pixels: pixels.subarray(i * records * IMAGE, (i + 1) * records * IMAGE),
    });
  }
  const shape = { height: SIDE, width: SIDE, channels: CHANNELS };
  return firstImages({ name, split, ...shape, classes, labels, pixels }, limit);
}

interface Contents {
  readonly path: string;
  readonly read: () => Promise<Uint8Array>;
}

/** The files in order; those of a folder are read one at a time, those of an archive have to come at once. */
async function contents(
  found: Found,
  { files, bytes }: { files: readonly string[]; bytes: number },
): Promise<readonly Contents[]> {
  if (found.type === "folder") {
    return files.map((file) => join(found.path, file)).map((path) => ({ path, read: () => readSized(path, bytes) }));
  }
  const isWanted = (name: string) => files.includes(posix.basename(name));
  const members = await readTar(found.path, { wants: isWanted, mostBytes: bytes });
  const byFile = new Map([...members].map(([name, content]) => [posix.basename(name), content]));
  return files.map((file) => {
    const path = `${found.path}: ${file}`;
    return { path, read: async () => sized(byFile.get(file), { path, bytes }) };
  });
}

/** The size is checked before anything is read. */
async function readSized(path: string, bytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size !== bytes) throw wrongSize(path, size, bytes);
    return sized(await readFile(path), { path, bytes });
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

function sized(content: Uint8Array | undefined, { path, bytes }: { path: string; bytes: number }): Uint8Array {
  if (content === undefined)
    throw new InputError(`${path}: the archive holds no such file; expected one of ${bytes} bytes`);
  if (content.length !== bytes) throw wrongSize(path, content.length, bytes);
  return content;
}

function wrongSize(path: string, found: number, expected: number): InputError {
  return new InputError(`${path}: it has ${found} bytes; expected ${expected}`);
}

interface Target {
  readonly path: string;
  readonly labelLimits: readonly number[];
  readonly labels: Uint8Array;
  readonly pixels: Uint8Array;
}

/** Records of label bytes and planes red, green, blue into labels and pixels [sample, row, column, channel]. */
function decode(bytes: Uint8Array, { path, labelLimits, labels, pixels }: Target): void {
  const stride = labelLimits.length + IMAGE;
  for (let record = 0; record < labels.length; record++) {
    const start = record * stride;
    for (const [i, limit] of labelLimits.entries()) {
      const label = bytes[start + i] ?? limit;
      if (label >= limit)
        throw new InputError(`${path}: record ${record} has the label ${label}; labels run from 0 to ${limit - 1}`);
      labels[record] = label;
    }
    interleave(bytes.subarray(start + labelLimits.length, start + stride), pixels, record * IMAGE);
  }
}

function interleave(planes: Uint8Array, pixels: Uint8Array, offset: number): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let position = 0; position < PLANE; position++) {
      pixels[offset + position * CHANNELS + channel] = planes[channel * PLANE + position] as number;
    }
  }
}
