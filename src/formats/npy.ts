/** NumPy's .npy files: a header of text, then the elements. */
import { InputError } from "../core/errors.js";
import { type ByteSource, readLarge, withFileSource } from "./byte-source.js";
import { type ElementType, elementCount } from "./elements.js";
import { parseNumpyType, toRowMajor } from "./numpy-array.js";

export interface NpyArray {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** The elements in row-major order. */
  readonly bytes: Uint8Array;
}

export interface NpyHeader {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
}

/**
 * The array in a file; `check` sees its header before the elements are read, and throws where they are of no use. InputError,
 * naming the file, for whatever is wrong with it.
 */
export function readNpy(path: string, check: (header: NpyHeader) => void): Promise<NpyArray> {
  return withFileSource(path, async (source) => {
    const { header, start } = parseHeader(source);
    check(header);
    const { type, shape, isFortranOrder } = header;
    const expected = start + elementCount(shape) * type.bytes;
    if (source.size !== expected) {
      throw new InputError(`${path}: has ${source.size} bytes; an array [${shape.join(", ")}] in it takes ${expected}`);
    }
    const bytes = new Uint8Array(expected - start);
    await readLarge(source, start, bytes);
    if (!isFortranOrder || shape.length < 2) return { type, shape, bytes };
    if (type.bytes === 1) return { type, shape, bytes: toRowMajor(bytes, shape) };
    throw new InputError(`${path}: lies in Fortran order; expected rows one after the other (numpy.ascontiguousarray)`);
  });
}

const MAGIC = "\x93NUMPY";
/** What NumPy itself takes at most. */
const LONGEST_HEADER = 10_000;

function parseHeader(source: ByteSource): { readonly header: NpyHeader; readonly start: number } {
  const front = Buffer.alloc(12);
  source.read(0, front.subarray(0, 10));
  const [major = 0] = front.subarray(6);
  if (front.toString("latin1", 0, 6) !== MAGIC || major < 1 || major > 3)
    throw new InputError(`${source.name}: begins with "${front.toString("hex", 0, 8)}"; expected an .npy file`);
  if (major > 1) source.read(0, front);
  const length = major === 1 ? front.readUInt16LE(8) : front.readUInt32LE(8);
  const start = (major === 1 ? 10 : 12) + length;
  if (length > LONGEST_HEADER || start > source.size)
    throw new InputError(
      `${source.name}: says that its header has ${length} bytes; expected at most ${LONGEST_HEADER}`,
    );
  const text = Buffer.alloc(length);
  source.read(start - length, text);
  return { header: parseText(text.toString("latin1").trim(), source.name), start };
}

/** A Python dict of three keys, in whatever order. */
function parseText(text: string, file: string): NpyHeader {
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1] ?? "none";
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  const type = parseNumpyType(descr);
  if (type === null) throw new InputError(`${file}: has elements of type ${descr}; expected plain numbers`);
  if (order === undefined || extents === undefined)
    throw new InputError(`${file}: has the header "${text.slice(0, 80)}"; expected fortran_order and shape`);
  const shape = extents.split(",").flatMap((extent) => (extent.trim() === "" ? [] : [Number(extent)]));
  return { type, shape, isFortranOrder: order === "True" };
}
