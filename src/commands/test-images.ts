/** The images that a network is attacked on. */
import { existsSync } from "node:fs";
import { InputError, UsageError } from "../core/errors.js";
import { DATA_NAMES, loadImages } from "../data/catalog.js";
import { grayToRgb } from "../data/gray.js";
import type { ImageSet } from "../data/image-set.js";
import type { OpenNetwork } from "./attack-targets.js";

export interface TestImageOptions {
  /** `--data`; null: the set that the checkpoint names. */
  readonly data: string | null;
  readonly dataDir: string | null;
  /** The first so many; null: all. */
  readonly samples: number | null;
}

/** UsageError where neither flag nor checkpoint names a set; InputError where its images or classes do not fit the network. */
export async function testImages({ file, reference }: OpenNetwork, options: TestImageOptions): Promise<ImageSet> {
  const name = options.data ?? file.checkpoint.data?.name;
  if (name === undefined)
    throw new UsageError(`${reference.path}: does not say what it was trained on; give --data NAME`);
  const { dataDir: directory, samples } = options;
  const { input, classes } = file.network;
  if (options.data === null) requireNamedFolder(name, reference.path);
  const stored = await loadImages({ name, directory, split: "test", limit: samples ?? undefined });
  // A network that was trained on gray images with three channels, or comes from elsewhere and takes colour.
  const images = stored.channels === 1 && input[2] === 3 ? grayToRgb(stored) : stored;
  const found = [images.height, images.width, images.channels];
  if (found.join() !== input.join()) {
    throw new InputError(
      `${reference.path}: takes images of ${input.join("×")}; those of ${name} are ${found.join("×")}`,
    );
  }
  requireKnownLabels(images, { classes, path: reference.path });
  const count = images.classes.length;
  if (hasNames(images) ? count !== classes : count > classes) {
    throw new InputError(`${reference.path}: has ${classes} classes; ${name} has ${count}`);
  }
  return images;
}

/** The path of a folder was written where the network was trained. */
function requireNamedFolder(name: string, path: string): void {
  if (DATA_NAMES.includes(name) || existsSync(name)) return;
  throw new InputError(
    `${path}: names the data ${name}, and from here there is no such folder; give --data with its path, or the set to attack on`,
  );
}

function requireKnownLabels(
  { name, labels }: ImageSet,
  { classes, path }: { readonly classes: number; readonly path: string },
): void {
  const image = labels.findIndex((label) => label >= classes);
  if (image < 0) return;
  throw new InputError(
    `${name}: test image ${image} has the label ${labels[image]}; the network ${path} has ${classes} classes`,
  );
}

/** Whether the classes are known; else they are as many as the labels happen to show. */
function hasNames({ classes }: ImageSet): boolean {
  return classes.some((name, label) => name !== String(label));
}
