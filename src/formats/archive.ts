/** Data sets as they are published: files that may be gzipped, and tar archives of them. */
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, gunzip } from "node:zlib";
import { type Extract, extract } from "tar-stream";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";

/**
 * The bytes of a file, unpacked when they are gzipped, whatever its name says. InputError, naming the file, for a damaged one, or one
 * of more than `mostBytes`, which may be packed into few.
 */
export async function readUnpacked(path: string, mostBytes: number): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    const size = found.isFile() ? found.size : 0;
    if (size > mostBytes) throw new InputError(`${path}: has ${size} bytes; at most ${mostBytes} are expected`);
    const bytes = await readFile(path);
    return isGzip(bytes) ? await unpacked(bytes, path, mostBytes) : bytes;
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

async function unpacked(bytes: Uint8Array, path: string, mostBytes: number): Promise<Uint8Array> {
  return promisify(gunzip)(bytes, { maxOutputLength: mostBytes }).catch((error) => {
    if (Object(error).code === "ERR_BUFFER_TOO_LARGE")
      throw new InputError(`${path}: unpacks to more than ${mostBytes} bytes; no more are expected`, { cause: error });
    throw new InputError(`${path}: damaged gzip data: ${message(error)}`, { cause: error });
  });
}

export interface TarOptions {
  /** Which members to read, by their path in the archive; the others are skipped. */
  readonly wants: (name: string) => boolean;
  /** Largest size of a member in bytes; one that is larger is refused before it is read. */
  readonly mostBytes: number;
  /** Largest size of the whole archive, unpacked: what lies between the members may be packed into few bytes too. */
  readonly mostUnpacked?: number;
}

/** The archives that we read unpack to about 190 MB, written in another way to at most twice as much. */
const MOST_UNPACKED = 2 ** 29;

/** The wanted members of a .tar or .tar.gz file by their path in it. InputError, naming file and member, for a damaged one. */
export async function readTar(path: string, options: TarOptions): Promise<Map<string, Uint8Array>> {
  const members = new Map<string, Uint8Array>();
  const archive = extract();
  try {
    const unpack = (await startsGzipped(path)) ? createGunzip() : new PassThrough();
    await Promise.all([
      collect(archive, { ...options, path, members }),
      pipeline(createReadStream(path), unpack, limited(path, options.mostUnpacked ?? MOST_UNPACKED), archive),
    ]);
  } catch (error) {
    throw tarError(error, path);
  }
  return members;
}

/** Passes bytes on, up to a number. */
function limited(path: string, mostBytes: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      passed += chunk.length;
      if (passed <= mostBytes) done(null, chunk);
      else done(new InputError(`${path}: unpacks to more than ${mostBytes} bytes; no more are expected`));
    },
  });
}

type Collecting = TarOptions & { readonly path: string; readonly members: Map<string, Uint8Array> };

async function collect(archive: Extract, { wants, mostBytes, path, members }: Collecting): Promise<void> {
  for await (const entry of archive) {
    const { name, type, size = 0 } = entry.header;
    if (type === "file" && wants(name)) members.set(name, await memberBytes(entry, { path, name, size, mostBytes }));
    else entry.resume();
  }
}

interface Member {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly mostBytes: number;
}

async function memberBytes(
  entry: AsyncIterable<unknown>,
  { path, name, size, mostBytes }: Member,
): Promise<Uint8Array> {
  if (size > mostBytes) throw new InputError(`${path}: ${name} has ${size} bytes; at most ${mostBytes} are expected`);
  const chunks: Uint8Array[] = [];
  // tar-stream gives Uint8Arrays; its types leave it open.
  for await (const chunk of entry) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function startsGzipped(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
    return isGzip(buffer);
  } finally {
    await file.close();
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function tarError(error: unknown, path: string): unknown {
  const known = fileError(error, "read", path);
  if (known !== error || error instanceof InputError) return known;
  return new InputError(`${path}: damaged archive: ${message(error)}`, { cause: error });
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
