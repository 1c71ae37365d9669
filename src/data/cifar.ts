/** CIFAR-10 and CIFAR-100 (Krizhevsky 2009), binary or Python version, in a folder or in the archive as published. */
import { join, posix } from "node:path";
import { InputError } from "../core/errors.js";
import { readTar } from "../formats/archive.js";
import { type ByteSource, memorySource, withFileSource } from "../formats/byte-source.js";
import { decodeBinary } from "./cifar-binary.js";
import { CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_SUPERCLASSES } from "./cifar-classes.js";
import { CHANNELS, type CifarTarget, IMAGE, SIDE } from "./cifar-planes.js";
import { decodePython } from "./cifar-python.js";
import { firstImages, type ImageSet, type Split } from "./image-set.js";
import { type Found, findAny, type Published } from "./places.js";
import { noticeOfFile } from "./published.js";

interface Version {
  readonly name: string;
  readonly classes: readonly string[];
  readonly recordsPerFile: Readonly<Record<Split, number>>;
  readonly forms: readonly Form[];
}

/** A way in which the same images are published. */
interface Form {
  readonly files: Readonly<Record<Split, readonly string[]>>;
  readonly folder: string;
  readonly archive: string;
  /** Of the archive, and of its files, where the digest of the images themselves is not known (published.ts). */
  readonly archiveMd5?: string;
  readonly fileMd5?: Readonly<Record<Split, string>>;
  readonly decode: (source: ByteSource, target: CifarTarget) => Promise<void>;
}

const BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);

const CIFAR10: Version = {
  name: "cifar10",
  classes: CIFAR10_CLASSES,
  recordsPerFile: { train: 10_000, test: 10_000 },
  forms: [
    {
      files: { train: BATCHES.map((name) => `${name}.bin`), test: ["test_batch.bin"] },
      folder: "cifar-10-batches-bin",
      archive: "cifar-10-binary.tar.gz",
      decode: (source, target) => decodeBinary(source, target, [10]),
    },
    {
      files: { train: BATCHES, test: ["test_batch"] },
      folder: "cifar-10-batches-py",
      archive: "cifar-10-python.tar.gz",
      decode: (source, target) => decodePython(source, target, { key: "labels", classes: 10 }),
    },
  ],
};

const CIFAR100: Version = {
  name: "cifar100",
  classes: CIFAR100_CLASSES,
  recordsPerFile: { train: 50_000, test: 10_000 },
  forms: [
    {
      files: { train: ["train.bin"], test: ["test.bin"] },
      folder: "cifar-100-binary",
      archive: "cifar-100-binary.tar.gz",
      archiveMd5: "03b5dce01913d631647c71ecec9e9cb8",
      decode: (source, target) => decodeBinary(source, target, [CIFAR100_SUPERCLASSES, 100]),
    },
    {
      files: { train: ["train"], test: ["test"] },
      folder: "cifar-100-python",
      archive: "cifar-100-python.tar.gz",
      archiveMd5: "eb9058c3a382ffc7106e4002c42a8d85",
      fileMd5: { train: "16019d7e3df5f24257cddd939b257f8d", test: "f0ef6b0ae62326f3e7ffdfab6717acfc" },
      decode: (source, target) => decodePython(source, target, { key: "fine_labels", classes: 100 }),
    },
  ],
};

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
  const { name, classes } = version;
  const records = version.recordsPerFile[split];
  const forms = version.forms.map((form) => publishedForm(version, form, split));
  const found = await findAny(forms, directory);
  const { files, decode } = found.type === "folder" ? inFolder(found) : await inArchive(found, forms, records);
  const labels = new Uint8Array(files.length * records);
  const pixels = new Uint8Array(files.length * records * IMAGE);
  for (const [i, use] of files.entries()) {
    const target = {
      labels: labels.subarray(i * records, (i + 1) * records),
      pixels: pixels.subarray(i * records * IMAGE, (i + 1) * records * IMAGE),
    };
    await use((source) => decode(source, target));
  }
  const shape = { height: SIDE, width: SIDE, channels: CHANNELS };
  const notice = await noticeOf(found, forms);
  return firstImages({ name, split, ...shape, classes, labels, pixels, notice }, limit);
}

type PublishedForm = Published &
  Pick<Form, "decode"> & { readonly md5: Readonly<Record<Found["type"], string | null>> };

function publishedForm({ name, forms }: Version, form: Form, split: Split): PublishedForm {
  const { files, folder, archive, decode, archiveMd5 = null, fileMd5 } = form;
  const md5 = { archive: archiveMd5, folder: fileMd5?.[split] ?? null };
  const source = form === forms.at(-1) ? `${archive} from www.cs.toronto.edu/~kriz/cifar.html` : archive;
  return { name, files: files[split], folders: [folder], archive, source, decode, md5 };
}

/** An archive may be of any form; a folder's form is known, and has one file where its digest is. */
async function noticeOf({ type, path, form }: FoundForm, forms: readonly PublishedForm[]): Promise<string | null> {
  const expected = (type === "archive" ? forms : [form]).flatMap(({ md5 }) => md5[type] ?? []);
  if (expected.length === 0) return null;
  return noticeOfFile(type === "archive" ? path : join(path, form.files[0] ?? ""), expected);
}

/** Files in their order, each opened for the time of its use. */
interface Contents {
  readonly files: readonly ((use: (source: ByteSource) => Promise<void>) => Promise<void>)[];
  readonly decode: Form["decode"];
}

type FoundForm = Found & { readonly form: PublishedForm };

function inFolder({ path, form }: FoundForm): Contents {
  const paths = form.files.map((file) => join(path, file));
  return { files: paths.map((file) => (use) => withFileSource(file, use)), decode: form.decode };
}

/** An archive that is named by itself may be of either form; its members tell. */
async function inArchive(
  { path, form }: FoundForm,
  forms: readonly PublishedForm[],
  records: number,
): Promise<Contents> {
  const names = forms.flatMap(({ files }) => files);
  const wants = (name: string) => names.includes(posix.basename(name));
  const packed = await readTar(path, { wants, mostBytes: records * MOST_RECORD });
  const members = new Map([...packed].map(([name, content]) => [posix.basename(name), content]));
  const { files, decode } = forms.find((known) => known.files.some((file) => members.has(file))) ?? form;
  return { files: files.map((file) => (use) => use(memberSource(members.get(file), path, file))), decode };
}

/** Python 3 may write a byte as two; then labels and file names. */
const MOST_RECORD = 2 * IMAGE + 1000;

function memberSource(content: Uint8Array | undefined, path: string, file: string): ByteSource {
  if (content === undefined)
    throw new InputError(`${path}: ${file}: the archive holds no such file; expected one of the data set's`);
  return memorySource(`${path}: ${file}`, content);
}
