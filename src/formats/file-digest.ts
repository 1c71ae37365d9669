/** SHA-256 of a file, by which records name the exact bytes they speak of. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";

/** In lower-case hexadecimal. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash).catch((error) => {
    throw fileError(error, "read", path);
  });
  return hash.digest("hex");
}

/** InputError unless the file is, byte for byte, the one that a record is about. */
export async function requireFileDigest(path: string, recorded: string): Promise<void> {
  const found = await fileDigest(path);
  if (found === recorded) return;
  throw new InputError(
    `${path}: the file changed since its record: its sha256 is ${found}, the record says ${recorded}; ` +
      "bring back the recorded file, or name this one on the command line to take it as it is",
  );
}
