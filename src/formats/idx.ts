/** The idx format of the MNIST family: a magic number, the sizes, then the bytes, everything big-endian. */
import { InputError } from "../core/errors.js";
import { readUnpacked } from "./archive.js";

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Uint8Array;
}

/** Third byte of the magic number: the values are unsigned bytes, the only type that these data sets use. */
const UNSIGNED_BYTE = 8;

/** The array in an idx file, gzipped or not. InputError, naming the file, what it has and what it should, unless it has this shape. */
export async function readIdx(path: string, shape: readonly number[]): Promise<IdxArray> {
  const array = parseIdx(await readUnpacked(path, mostIdxBytes(shape)), path);
  if (array.shape.join() === shape.join()) return array;
  throw new InputError(`${path}: holds an array [${array.shape.join(", ")}]; expected [${shape.join(", ")}]`);
}

/** Room for an array of another size, which is then told from this one, and none for one without end. */
export function mostIdxBytes(shape: readonly number[]): number {
  return 2 ** 20 + 8 * shape.reduce((all, one) => all * one, 1);
}

/** The array in the bytes of an unpacked idx file. InputError, naming `file`, unless they are exactly one array of bytes. */
export function parseIdx(bytes: Uint8Array, file: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = bytes[3] ?? 0;
  if (bytes.length < 4 || view.getUint16(0) !== 0 || bytes[2] !== UNSIGNED_BYTE || dimensions === 0) {
    const found = Buffer.from(bytes.subarray(0, 4)).toString("hex");
    throw new InputError(
      `${file}: no idx file of bytes: it begins with "${found}"; 000008 and the number of dimensions would be right`,
    );
  }
  const start = 4 + 4 * dimensions;
  if (bytes.length < start)
    throw new InputError(`${file}: cut in its header: it has ${bytes.length} bytes of ${start}`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = start + shape.reduce((all, one) => all * one, 1);
  if (bytes.length !== expected) {
    throw new InputError(`${file}: has ${bytes.length} bytes; an idx array [${shape.join(", ")}] takes ${expected}`);
  }
  return { shape, values: bytes.subarray(start) };
}
