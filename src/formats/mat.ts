/** MATLAB's files of version 5: arrays of numbers by name, plain or compressed, inflated straight into their place. */
import { InputError } from "../core/errors.js";
import { type ByteSource, withFileSource } from "./byte-source.js";
import { type ByteStream, fileStream, StreamEnd } from "./byte-stream.js";
import { type ElementType, elementCount } from "./elements.js";

/** A variable; its first axis runs fastest. */
export interface MatArray {
  readonly shape: readonly number[];
  /** As stored, which may be narrower than the class that MATLAB shows. */
  readonly type: ElementType;
  readonly bytes: Uint8Array;
}

/** Types of numbers by their code. */
const NUMBERS: ReadonlyMap<number, ElementType> = new Map(
  (
    [
      [1, "i", 1],
      [2, "u", 1],
      [3, "i", 2],
      [4, "u", 2],
      [5, "i", 4],
      [6, "u", 4],
      [7, "f", 4],
      [9, "f", 8],
      [12, "i", 8],
      [13, "u", 8],
    ] as const
  ).map(([code, kind, bytes]) => [code, { kind, bytes, isLittleEndian: true }]),
);
const INT8 = 1;
const INT32 = 5;
const UINT32 = 6;
const MATRIX = 14;
const COMPRESSED = 15;

const HEADER = 128;
const TAG = 8;

/**
 * The variables of these names and shapes. InputError, naming file and variable, for whatever is damaged, missing or of another
 * shape, which is seen before its elements are read: memory is bounded by the wanted shapes.
 */
export function readMat(
  path: string,
  wanted: ReadonlyMap<string, readonly number[]>,
): Promise<ReadonlyMap<string, MatArray>> {
  return withFileSource(path, async (source) => {
    checkHeader(source);
    const found = new Map<string, MatArray>();
    for (let at = HEADER; at < source.size; ) {
      const { type, bytes } = topTag(source, at);
      const start = at + TAG;
      if (type === MATRIX || type === COMPRESSED) {
        const stream = fileStream(path, start, start + bytes, type === COMPRESSED);
        await readVariable(stream, { path, at, bytes, isCompressed: type === COMPRESSED, wanted, found });
      }
      at = start + bytes;
    }
    for (const name of wanted.keys())
      if (!found.has(name)) throw new InputError(`${path}: holds no variable ${name}; expected ${names(wanted)}`);
    return found;
  });
}

function names(wanted: ReadonlyMap<string, unknown>): string {
  return [...wanted.keys()].join(" and ");
}

/** 124 bytes of text, the version, and "IM" where the least significant byte comes first. */
function checkHeader(source: ByteSource): void {
  const header = Buffer.alloc(HEADER);
  source.read(0, header);
  const version = header.readUInt16LE(124);
  const order = header.toString("latin1", 126);
  if (version === 0x0100 && order === "IM") return;
  throw new InputError(
    `${source.name}: no MATLAB file of version 5: bytes 124 to 127 are "${header.toString("hex", 124)}"; expected "0001494d"`,
  );
}

function topTag(source: ByteSource, at: number): { readonly type: number; readonly bytes: number } {
  const tag = Buffer.alloc(TAG);
  source.read(at, tag);
  const [type, bytes] = [tag.readUInt32LE(0), tag.readUInt32LE(4)];
  if (at + TAG + bytes > source.size) {
    const rest = source.size - at - TAG;
    throw new InputError(
      `${source.name}: cut: the element at byte ${at} announces ${bytes} bytes; expected at most ${rest}`,
    );
  }
  return { type, bytes };
}

interface Variable {
  readonly path: string;
  /** Of its element in the file. */
  readonly at: number;
  readonly bytes: number;
  readonly isCompressed: boolean;
  readonly wanted: ReadonlyMap<string, readonly number[]>;
  readonly found: Map<string, MatArray>;
}

async function readVariable(stream: ByteStream, variable: Variable): Promise<void> {
  const { path, at, isCompressed } = variable;
  const where = `${path}: the element at byte ${at}`;
  try {
    if (isCompressed) await expectMatrix(stream, where);
    await readMatrix(stream, variable, where);
  } catch (error) {
    if (!(error instanceof StreamEnd)) throw error;
    const why = error.message === "end" ? "ends too early" : `is damaged: ${error.message}`;
    throw new InputError(`${where} ${why}; expected a whole variable`, { cause: error });
  } finally {
    stream.close();
  }
}

async function expectMatrix(stream: ByteStream, where: string): Promise<void> {
  const tag = Buffer.alloc(TAG);
  await stream.fill(tag);
  const type = tag.readUInt32LE(0);
  if (type !== MATRIX) throw new InputError(`${where} holds data of type ${type}; expected ${MATRIX}, a variable`);
}

/** Flags, dimensions and name come first: what is not wanted is left there. */
async function readMatrix(stream: ByteStream, { wanted, found }: Variable, where: string): Promise<void> {
  const flags = await readPart(stream, { where: `${where}, its flags`, type: UINT32, most: 8 });
  const dimensions = await readPart(stream, { where: `${where}, its dimensions`, type: INT32, most: 4 * MOST_AXES });
  const name = (await readPart(stream, { where: `${where}, its name`, type: INT8, most: LONGEST_NAME })).toString();
  const expected = wanted.get(name);
  if (expected === undefined) return;
  const variable = `${where}, variable ${name},`;
  if (found.has(name)) throw new InputError(`${variable} comes a second time; expected each once`);
  const shape = Array.from({ length: dimensions.length / 4 }, (_, axis) => dimensions.readInt32LE(4 * axis));
  checkKind(flags, variable);
  if (shape.join() !== expected.join())
    throw new InputError(`${variable} has the shape [${shape.join(", ")}]; expected [${expected.join(", ")}]`);
  found.set(name, { shape, ...(await readElements(stream, variable, elementCount(shape))) });
  const left = await stream.drain(0);
  if (left > 0) throw new InputError(`${variable} goes on behind its elements; expected its end`);
}

/** As many as MATLAB's documentation shows anywhere, with room. */
const MOST_AXES = 32;
/** MATLAB's own names have at most 63 characters. */
const LONGEST_NAME = 64;

const COMPLEX = 0x0800;
/** Classes of arrays of numbers: double 6, single 7, integers 8 to 15. */
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;

function checkKind(flags: Buffer, variable: string): void {
  const word = flags.length < 4 ? 0 : flags.readUInt32LE(0);
  const kind = word & 0xff;
  if (kind < FIRST_NUMERIC || kind > LAST_NUMERIC || (word & COMPLEX) !== 0)
    throw new InputError(`${variable} is of class ${kind}${word & COMPLEX ? ", complex" : ""}; expected real numbers`);
}

async function readElements(stream: ByteStream, variable: string, count: number) {
  const { code, bytes, small } = await readTag(stream);
  const type = NUMBERS.get(code);
  if (type === undefined) throw new InputError(`${variable} has elements of type ${code}; expected numbers`);
  if (bytes !== count * type.bytes)
    throw new InputError(`${variable} has ${bytes} bytes of elements; its shape takes ${count * type.bytes}`);
  if (small !== null) return { type, bytes: small };
  const elements = new Uint8Array(bytes);
  await stream.fill(elements);
  await stream.fill(new Uint8Array(padding(bytes)));
  return { type, bytes: elements };
}

interface Part {
  readonly where: string;
  readonly type: number;
  readonly most: number;
}

async function readPart(stream: ByteStream, { where, type, most }: Part): Promise<Buffer> {
  const { code, bytes, small } = await readTag(stream);
  if (code !== type || bytes > most)
    throw new InputError(`${where}: ${bytes} bytes of type ${code}; expected at most ${most} of type ${type}`);
  if (small !== null) return Buffer.from(small);
  const part = Buffer.alloc(bytes + padding(bytes));
  await stream.fill(part);
  return part.subarray(0, bytes);
}

/** Type and size; elements of at most 4 bytes may lie inside the tag, which then keeps the size in its upper half. */
async function readTag(stream: ByteStream) {
  const tag = Buffer.alloc(TAG);
  await stream.fill(tag);
  const [size, code] = [tag.readUInt16LE(2), tag.readUInt16LE(0)];
  if (size === 0) return { code: tag.readUInt32LE(0), bytes: tag.readUInt32LE(4), small: null };
  if (size > 4) return { code, bytes: size, small: null };
  return { code, bytes: size, small: new Uint8Array(tag.subarray(4, 4 + size)) };
}

/** Elements end at multiples of 8 bytes. */
function padding(bytes: number): number {
  return (8 - (bytes % 8)) % 8;
}
