/** The Python version of CIFAR: pickled dicts of planes and labels. */
import type { ByteSource } from "../formats/byte-source.js";
import { type CifarTarget, IMAGE, interleave } from "./cifar-planes.js";
import { readLabels, readPickledDict, readPixels } from "./pickled-images.js";

/** Fills the target with the rows under `data` and the labels under `key`. InputError, naming file and key, where they do not fit. */
export async function decodePython(
  source: ByteSource,
  { labels, pixels }: CifarTarget,
  { key, classes }: { readonly key: string; readonly classes: number },
): Promise<void> {
  const samples = labels.length;
  const dict = readPickledDict(source);
  const planes = await readPixels(source, dict, { key: "data", shape: [samples, IMAGE] });
  labels.set(await readLabels(source, dict, { key, samples, classes }));
  for (let record = 0; record < samples; record++)
    interleave(planes.subarray(record * IMAGE, (record + 1) * IMAGE), pixels, record * IMAGE);
}
