/** Outcomes sample by sample as base64 of a bit string: small in a record, and joinable. */
import { InputError } from "../core/errors.js";

/** Bit `i % 8` (least significant first) of byte `floor(i / 8)` is 1 where `flags[i]` is not 0; spare bits are 0. */
export function encodeOutcomes(flags: Uint8Array): string {
  const bytes = Buffer.alloc(Math.ceil(flags.length / 8));
  for (const [i, flag] of flags.entries()) {
    if (flag !== 0) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bytes.toString("base64");
}

/** The flags (0 or 1) of `samples` samples. InputError, naming `where`, when the text is no bit string of that length. */
export function decodeOutcomes(text: string, samples: number, where: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  const expected = Math.ceil(samples / 8);
  if (bytes.toString("base64") !== text || bytes.length !== expected) {
    throw new InputError(
      `${where}: the bit string has ${bytes.length} bytes, ${samples} samples need base64 of ${expected} bytes`,
    );
  }
  const flags = Uint8Array.from({ length: bytes.length * 8 }, (_, i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
  if (flags.subarray(samples).includes(1)) {
    throw new InputError(`${where}: the bit string has ones beyond its ${samples} samples`);
  }
  return flags.slice(0, samples);
}
