// Cuts the embedded sample out of Fashion-MNIST: node scripts/make-sample.js FOLDER-OF-THE-ORIGINALS
// (Debian's package dataset-fashion-mnist has them in /usr/share/datasets/fashion-mnist). The same files every time.
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder of the original idx.gz files");

for (const [split, samples] of [
  ["train", 3000],
  ["t10k", 1000],
]) {
  cut(`${split}-images-idx3-ubyte.gz`, { samples, dimensions: 3, itemBytes: 28 * 28 });
  cut(`${split}-labels-idx1-ubyte.gz`, { samples, dimensions: 1, itemBytes: 1 });
}

/** The first `samples` items: the header with its count changed, then their bytes. */
function cut(name, { samples, dimensions, itemBytes }) {
  const original = gunzipSync(readFileSync(`${folder}/${name}`));
  const bytes = original.subarray(0, 4 + 4 * dimensions + samples * itemBytes);
  bytes.writeUInt32BE(samples, 4);
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255; // The system that packed it: unknown, so that the file is the same from each.
  writeFileSync(new URL(`../data/${name}`, import.meta.url), packed);
}
