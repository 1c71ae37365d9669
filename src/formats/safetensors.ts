/**
 * Safetensors files: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes.
 *
 * A file that we write holds a digest of itself in `__metadata__`, so that a damaged one is told from a sound one where no
 * record of it is at hand; a file from elsewhere needs none.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { InputError, ResourceError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { DIGEST_KEY, digestWithout } from "./safetensors-digest.js";
import { type Dtype, type Header, parseHeader, type TensorEntry } from "./safetensors-header.js";

/** The arrays that this program stores, each as its own dtype. */
export type StoredArray = Float32Array | Uint32Array | Int32Array | Uint8Array;

export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Its entries, row-major; null for a dtype other than F32, U32, I32 and U8. */
  readonly values: StoredArray | null;
}

export interface SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Of the whole file. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The format's own limit, which keeps a hostile length from becoming an allocation. */
const LONGEST_HEADER = 100 * 2 ** 20;

/** The length of the header. */
const PREFIX_BYTES = 8;

/**
 * Reads a whole file. All that its header claims is checked against the file's size before the data is read; then its digest,
 * where it has one. InputError, naming file and tensor, what was found and what would be right.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  try {
    const file = await open(path, "r");
    try {
      return await readOpened(file, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

async function readOpened(file: FileHandle, path: string): Promise<SafetensorsFile> {
  const status = await file.stat();
  if (!status.isFile()) throw new InputError(`${path}: not a regular file; safetensors are read from their end too`);
  const head = await readHead(file, status.size, path);
  const dataBytes = status.size - head.length;
  const header = parseHeader(head.subarray(PREFIX_BYTES), { file: path, dataBytes });
  const data = await readBytes(file, { path, begin: head.length, length: dataBytes });
  requireDigest(header, { head, data, path });
  return {
    metadata: header.metadata,
    tensors: new Map(header.tensors.map((entry) => [entry.name, storedTensor(entry, data)])),
    sha256: createHash("sha256").update(head).update(data).digest("hex"),
    bytes: status.size,
  };
}

/** Prefix and header. */
async function readHead(file: FileHandle, size: number, path: string): Promise<Uint8Array> {
  if (size < PREFIX_BYTES)
    throw new InputError(`${path}: ${size} bytes; a safetensors file has at least ${PREFIX_BYTES}`);
  const prefix = await readBytes(file, { path, begin: 0, length: PREFIX_BYTES });
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  const most = Math.min(LONGEST_HEADER, size - PREFIX_BYTES);
  if (length > most) {
    throw new InputError(
      `${path}: the header is said to take ${length} bytes; the file's size of ${size} and the limit of ${LONGEST_HEADER} allow ${most} (is it cut?)`,
    );
  }
  return readBytes(file, { path, begin: 0, length: PREFIX_BYTES + Number(length) });
}

interface Stretch {
  readonly path: string;
  readonly begin: number;
  readonly length: number;
}

async function readBytes(file: FileHandle, { path, begin, length }: Stretch): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = allocated(length, path);
  // One call reads at most 2 GiB on Linux.
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), begin + done);
    if (bytesRead === 0) throw new InputError(`${path}: became shorter while it was read`);
    done += bytesRead;
  }
  return bytes;
}

function allocated(length: number, path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new ResourceError(`${path}: no memory for its ${length} bytes`, { cause: error });
  }
}

interface Bytes {
  readonly head: Uint8Array;
  readonly data: Uint8Array;
  readonly path: string;
}

function requireDigest(header: Header, { head, data, path }: Bytes): void {
  const stated = header.metadata.get(DIGEST_KEY);
  if (stated === undefined) return;
  const found = digestWithout(stated, head, [data]);
  if (found === stated) return;
  throw new InputError(
    `${path}: damaged: its bytes give the digest ${found ?? "of no place in its header"}, "${DIGEST_KEY}" in its __metadata__ is ` +
      `${stated}; take a sound copy (a program that rewrites such a file leaves that key out)`,
  );
}

function storedTensor({ dtype, shape, begin, end }: TensorEntry, data: Uint8Array<ArrayBuffer>): StoredTensor {
  // A copy begins on an 8-byte boundary, which the file need not.
  const { buffer } = data.slice(begin, end);
  switch (dtype) {
    case "F32":
      return { dtype, shape, values: new Float32Array(buffer) };
    case "U32":
      return { dtype, shape, values: new Uint32Array(buffer) };
    case "I32":
      return { dtype, shape, values: new Int32Array(buffer) };
    case "U8":
      return { dtype, shape, values: new Uint8Array(buffer) };
    default:
      return { dtype, shape, values: null };
  }
}
