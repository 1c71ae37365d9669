/** The pseudo-labelled images of robust self-training: read once, checked against the images beside which they are trained on. */
import { stat } from "node:fs/promises";
import { InputError, UsageError } from "../core/errors.js";
import { loadFolder } from "../data/folder.js";
import type { ImageSet } from "../data/image-set.js";
import { readTinyImages } from "../data/tiny-images.js";
import type { PseudoLabelled } from "../training/batch-source.js";
import { samplesOf } from "./training-images.js";

export interface PseudoLabelledOptions {
  readonly objective: string;
  /** `--rst-data`: the published pickle, or a folder of one's own. */
  readonly rstData: string | null;
  /** `--rst-frac`: their share of a batch. */
  readonly rstFrac: number;
}

/** Both null but for `rst`. */
export interface PseudoLabelledImages {
  readonly pseudoImages: ImageSet | null;
  readonly pseudoLabelled: PseudoLabelled | null;
}

/** UsageError where file, objective or share do not go together; InputError for images of another kind. */
export async function pseudoLabelledImages(
  { objective, rstData: path, rstFrac }: PseudoLabelledOptions,
  { images, batchSize }: { readonly images: ImageSet; readonly batchSize: number },
): Promise<PseudoLabelledImages> {
  if (objective !== "rst") {
    if (path === null) return { pseudoImages: null, pseudoLabelled: null };
    throw new UsageError(`--rst-data: only --objective rst trains on it; --objective is ${objective}`);
  }
  if (path === null)
    throw new UsageError(
      "--objective rst: the pseudo-labelled images are missing; name their file with --rst-data (ti_500K_pseudo_labeled.pickle)",
    );
  const size = Math.floor(batchSize * rstFrac);
  if (size < 1 || size >= batchSize)
    throw new UsageError(
      `--rst-frac ${rstFrac}: ${size} of ${batchSize} images of a batch would be pseudo-labelled; choose 1 to ${batchSize - 1}`,
    );
  const pseudoImages = await readSet(path);
  requireSameKind(pseudoImages, images, path);
  return { pseudoImages, pseudoLabelled: { samples: samplesOf(pseudoImages), batchSize: size } };
}

async function readSet(path: string): Promise<ImageSet> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ? loadFolder({ name: path, split: "train" }) : readTinyImages(path);
}

function requireSameKind(set: ImageSet, images: ImageSet, path: string): void {
  const [found, expected] = [set, images].map(({ height, width, channels }) => `${height}×${width}×${channels}`);
  if (found !== expected)
    throw new InputError(`${path}: holds images of ${found}; those of --data ${images.name} are ${expected}`);
  if (set.classes.length > images.classes.length)
    throw new InputError(
      `${path}: has ${set.classes.length} classes; --data ${images.name} has ${images.classes.length}`,
    );
}
