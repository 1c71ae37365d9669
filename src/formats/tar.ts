/** Reads single files out of a .tar.gz archive. */
import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Extract, extract } from "tar-stream";
import { InputError } from "../core/errors.js";

/**
 * The files called `names` (without their folder) in the archive at `path`, each of which must have `bytes` bytes.
 * Throws InputError, naming archive and file, for a damaged archive, a missing file or a wrong size.
 */
export async function readTarFiles(
  path: string,
  { names, bytes }: { readonly names: readonly string[]; readonly bytes: number },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const archive = extract();
  const [files] = await Promise.all([
    collect(archive, { path, names, bytes }),
    pipeline(createReadStream(path), createGunzip(), archive),
  ]).catch((error: Error) => {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: not a complete .tar.gz archive (${error.message})`, { cause: error });
  });
  for (const name of names) {
    if (!files.has(name)) throw new InputError(`${path}: it holds no ${name}; expected ${names.join(", ")}`);
  }
  return files;
}

async function collect(
  archive: Extract,
  { path, names, bytes }: { path: string; names: readonly string[]; bytes: number },
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const entry of archive) {
    const name = posix.basename(entry.header.name);
    if (entry.header.type !== "file" || !names.includes(name)) {
      entry.resume();
      continue;
    }
    if (entry.header.size !== bytes) {
      throw new InputError(`${path}: ${name} in it has ${entry.header.size} bytes; expected ${bytes}`);
    }
    files.set(name, await buffer(entry));
  }
  return files;
}
