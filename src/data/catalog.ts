/** The data sets that are known by name. */
import { statSync } from "node:fs";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import { loadCifar10, loadCifar100 } from "./cifar.js";
import { loadFashionMnist } from "./fashion-mnist.js";
import { loadFolder } from "./folder.js";
import { isFolderName } from "./folder-name.js";
import type { ImageSet, Split } from "./image-set.js";
import { loadSample } from "./sample.js";
import { loadSvhn } from "./svhn.js";

export interface LoadOptions {
  readonly name: string;
  /** `--data-dir`; null: $SPARSE_ROBUST_DATA, then the user's cache. */
  readonly directory: string | null;
  readonly split: Split;
  /** Only the first so many images; the digest is of the whole split all the same. */
  readonly limit?: number | undefined;
}

const LOADERS = new Map<string, (options: LoadOptions) => Promise<ImageSet>>([
  ["cifar10", loadCifar10],
  ["cifar100", loadCifar100],
  ["svhn", loadSvhn],
  ["fashion", loadFashionMnist],
  ["sample", loadSample],
]);

export const DATA_NAMES: readonly string[] = [...LOADERS.keys()];

/** Throws UsageError for a name that is not known, InputError for files that are missing or wrong. */
export async function loadImages(options: LoadOptions): Promise<ImageSet> {
  return loaderOf(options.name)(options);
}

/** Throws UsageError for a name that `loadImages` would not take; reads nothing. */
export function requireDataName(name: string): void {
  loaderOf(name);
}

function loaderOf(name: string): (options: LoadOptions) => Promise<ImageSet> {
  const loader = LOADERS.get(name);
  if (loader !== undefined) return loader;
  const known = `known: ${DATA_NAMES.join(", ")}`;
  if (isFolderName(name)) return loadFolder;
  const hint = isFolder(name) ? `; did you mean the folder "./${name}"?` : didYouMean(name, DATA_NAMES);
  throw new UsageError(`--data ${name}: no such data set${hint}; ${known}, or a folder`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
