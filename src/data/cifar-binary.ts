/** The binary version of CIFAR: records of label bytes and three 32×32 planes. */
import { InputError } from "../core/errors.js";
import { type ByteSource, readLarge } from "../formats/byte-source.js";
import { type CifarTarget, IMAGE, interleave } from "./cifar-planes.js";

/** Fills the target. `labelLimits`: what each label byte of a record may be below; the last one is the class. */
export async function decodeBinary(
  source: ByteSource,
  { labels, pixels }: CifarTarget,
  labelLimits: readonly number[],
): Promise<void> {
  const { name: path } = source;
  const stride = labelLimits.length + IMAGE;
  const expected = labels.length * stride;
  if (source.size !== expected) throw new InputError(`${path}: it has ${source.size} bytes; expected ${expected}`);
  const bytes = new Uint8Array(expected);
  await readLarge(source, 0, bytes);
  for (let record = 0; record < labels.length; record++) {
    const start = record * stride;
    for (const [i, limit] of labelLimits.entries()) {
      const label = bytes[start + i] ?? limit;
      if (label >= limit)
        throw new InputError(`${path}: record ${record} has the label ${label}; labels run from 0 to ${limit - 1}`);
      labels[record] = label;
    }
    interleave(bytes.subarray(start + labelLimits.length, start + stride), pixels, record * IMAGE);
  }
}
