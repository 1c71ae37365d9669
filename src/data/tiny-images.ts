/**
 * Half a million images of 80 Million Tiny Images with pseudo-labels of CIFAR-10 (Carmon et al. 2019), as published: one pickle of
 * 1.5 GB, read straight into its place.
 */
import { withFileSource } from "../formats/byte-source.js";
import { CIFAR10_CLASSES } from "./cifar-classes.js";
import { CHANNELS, SIDE } from "./cifar-planes.js";
import { firstImages, type ImageSet } from "./image-set.js";
import { readLabels, readPickledDict, readPixels } from "./pickled-images.js";

/** Of the published file. */
const TINY_IMAGES = 500_000;

/**
 * The images of `ti_500K_pseudo_labeled.pickle`, or of a file in its form with `samples` of them. InputError, naming file and key,
 * for whatever is wrong with it; a file of labels alone, which the authors' generator writes, has no key `data`.
 */
export function readTinyImages(path: string, samples = TINY_IMAGES): Promise<ImageSet> {
  return withFileSource(path, async (source) => {
    const dict = readPickledDict(source);
    const classes = CIFAR10_CLASSES;
    const key = "extrapolated_targets";
    const labels = await readLabels(source, dict, { key, samples, classes: classes.length });
    const pixels = await readPixels(source, dict, { key: "data", shape: [samples, SIDE, SIDE, CHANNELS] });
    const shape = { height: SIDE, width: SIDE, channels: CHANNELS };
    const set = firstImages({ name: "tiny-images", split: "train", ...shape, classes, labels, pixels });
    return { ...set, notice: unpublishedDigest(path, set.sha256) };
  });
}

/** Its publishers give none to compare with, so the stream says which images these were. */
function unpublishedDigest(path: string, sha256: string): string {
  return `${path}: no digest of the published file is known; these images and labels have the sha256 ${sha256}`;
}
