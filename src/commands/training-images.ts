/** The images of the training commands: what a network learns from, and what its best version is chosen on. */
import { UsageError } from "../core/errors.js";
import { type Augmentation, augmentBatch, type Mirroring } from "../data/augment.js";
import { toFloat } from "../data/batches.js";
import { type LoadOptions, loadImages } from "../data/catalog.js";
import { grayToRgb } from "../data/gray.js";
import type { ImageSet } from "../data/image-set.js";
import { MissingData } from "../data/places.js";
import { standIn } from "../data/stand-in.js";
import type { InnerAttack } from "../training/objectives/objective.js";
import { type Augment, type Samples, sliceSamples } from "../training/samples.js";
import { heldOut, type Selection, type SelectionRule } from "../training/selection.js";

/** As the options of both commands name them. */
export interface ImageOptions {
  readonly data: string;
  readonly dataDir: string | null;
  readonly trainSamples: number | null;
  readonly testSamples: number | null;
  readonly augment: Augmentation;
  readonly mirror: Mirroring;
  readonly grayToRgb: boolean;
  readonly seed: number;
  /** Takes blank images in place of a published data set that is not there, unless a folder was named where it should be. */
  readonly dryRun: boolean;
}

export interface TrainingImages {
  /** The training split as it was loaded. */
  readonly images: ImageSet;
  /** Those of it that are trained on. */
  readonly samples: Samples;
  readonly selection: Selection;
  readonly augment: Augment | null;
}

export interface SelectionChoice {
  readonly select: SelectionRule;
  /** The training attack; `val-pgd` takes its radius and step. */
  readonly attack: InnerAttack;
}

/** `val-…` holds the last training images out; the others judge on test images and train on all. */
export async function trainingImages(options: ImageOptions, choice: SelectionChoice): Promise<TrainingImages> {
  const { data: name, dataDir: directory, trainSamples } = options;
  const train = await load({ name, directory, split: "train", limit: trainSamples ?? undefined }, options);
  const { test, ...parts } = await splitSamples(train, options, choice);
  const notices = new Set([train, test].flatMap((set) => set?.notice ?? []));
  const images = { ...train, notice: notices.size === 0 ? null : [...notices].join("; ") };
  return { images, ...parts, augment: augmentOf(images, options) };
}

async function load(wanted: LoadOptions, options: ImageOptions): Promise<ImageSet> {
  const images = await loadImages(wanted).catch((error) => {
    const mayBeBlank = options.dryRun && options.dataDir === null && error instanceof MissingData;
    const blank = mayBeBlank ? standIn(wanted) : null;
    if (blank === null) throw error;
    return blank;
  });
  return options.grayToRgb ? grayToRgb(images) : images;
}

async function splitSamples(images: ImageSet, options: ImageOptions, { select: rule, attack }: SelectionChoice) {
  const all = samplesOf(images);
  if (rule === "test-clean" || rule === "last") {
    const { data: name, dataDir: directory, testSamples } = options;
    const test = await load({ name, directory, split: "test", limit: testSamples ?? undefined }, options);
    return { test, samples: all, selection: { rule, split: "test", samples: samplesOf(test), attack: null } as const };
  }
  const held = heldOut(all.size);
  if (held < 1) throw new UsageError(`--select ${rule}: ${all.size} training images are too few to hold a tenth out`);
  const selection = {
    ...({ rule, split: "train" } as const),
    samples: sliceSamples(all, all.size - held, all.size),
    attack: rule === "val-pgd" ? { ...attack, steps: SELECTION_STEPS } : null,
  };
  return { test: null, samples: sliceSamples(all, 0, all.size - held), selection };
}

/** `val-pgd` is PGD-10 whatever the training attack's steps. */
const SELECTION_STEPS = 10;

/** Converted to numbers a batch at a time. */
export function samplesOf(images: ImageSet): Samples {
  const { samples: size, height, width, channels, labels } = images;
  return { size, shape: [height, width, channels], labels, read: (indices) => toFloat(images, indices) };
}

function augmentOf(
  { height, width, channels }: ImageSet,
  { augment: kind, mirror, seed }: ImageOptions,
): Augment | null {
  if (kind === "none") return null;
  return (images, epoch, sampleIndices) =>
    augmentBatch(images, [height, width, channels], { kind, mirror, seed, epoch, sampleIndices });
}
