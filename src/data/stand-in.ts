/** Blank images in place of a data set that is not there, as many and as large: what a run would cost can be told without them. */
import { CIFAR10_CLASSES, CIFAR100_CLASSES } from "./cifar-classes.js";
import { FASHION_CLASSES } from "./fashion-mnist.js";
import { firstImages, type ImageSet, type Split } from "./image-set.js";

interface Published {
  readonly samples: Readonly<Record<Split, number>>;
  readonly channels: number;
  readonly classes: readonly string[];
}

const SIDE = 32;

const SETS: ReadonlyMap<string, Published> = new Map([
  ["cifar10", { samples: { train: 50_000, test: 10_000 }, channels: 3, classes: CIFAR10_CLASSES }],
  ["cifar100", { samples: { train: 50_000, test: 10_000 }, channels: 3, classes: CIFAR100_CLASSES }],
  ["svhn", { samples: { train: 73_257, test: 26_032 }, channels: 3, classes: [..."0123456789"] }],
  ["fashion", { samples: { train: 60_000, test: 10_000 }, channels: 1, classes: FASHION_CLASSES }],
]);

/** Null for a data set whose counts are not known. */
export function standIn({
  name,
  split,
  limit,
}: {
  name: string;
  split: Split;
  limit?: number | undefined;
}): ImageSet | null {
  const set = SETS.get(name);
  if (set === undefined) return null;
  const { channels, classes } = set;
  const labels = new Uint8Array(set.samples[split]);
  const pixels = new Uint8Array(labels.length * SIDE * SIDE * channels);
  const notice = `${name} is not on this machine: the counts are the published ones, the images of the measured step are blank`;
  return firstImages({ name, split, height: SIDE, width: SIDE, channels, classes, labels, pixels, notice }, limit);
}
