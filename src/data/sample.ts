/** The embedded sample: the first 3,000 training and 1,000 test images of Fashion-MNIST, part of this package. */
import { fileURLToPath } from "node:url";
import { readFashionFiles } from "./fashion-mnist.js";
import { firstImages, type ImageSet, type Split } from "./image-set.js";

/** From dist/src/data, where this file is built, to the package's own data folder. */
const FOLDER = fileURLToPath(new URL("../../../data", import.meta.url));

const SAMPLES = { train: 3_000, test: 1_000 } as const;

/** Needs no file from outside. */
export async function loadSample({
  split,
  limit,
}: {
  readonly split: Split;
  readonly limit?: number | undefined;
}): Promise<ImageSet> {
  const decoded = await readFashionFiles({ name: "sample", folder: FOLDER, split, samples: SAMPLES[split] });
  return firstImages(decoded, limit);
}
