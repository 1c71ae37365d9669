/** NumPy arrays inside a pickle: the calls that NumPy writes, recognised and never made. */
import { setImmediate as pause } from "node:timers/promises";
import { InputError } from "../core/errors.js";
import { type ByteSource, readLarge } from "./byte-source.js";
import { type ElementType, elementCount } from "./elements.js";
import { parseNumpyType, toRowMajor } from "./numpy-array.js";
import { isGlobal, isLatin1Call, items, type PickleObject, type PickleValue, shortText } from "./pickle-values.js";

export interface PickledArray {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
  /** Where its elements are in the file; as "text" each byte is one character of UTF-8. */
  readonly payload: { readonly type: "bytes" | "text"; readonly from: number; readonly length: number };
}

/** The array that a value stands for; null where it stands for anything else. */
export function pickledArray(value: PickleValue | undefined, source: ByteSource): PickledArray | null {
  const parts = reconstructed(value) ?? fromBuffer(value, source);
  if (parts === null) return null;
  const shape = items(parts.shape).filter((extent) => typeof extent === "number");
  const type = elementType(parts.type, source);
  const payload = payloadOf(parts.content);
  const isSound = shape.length === items(parts.shape).length && shape.every((extent) => isExtent(extent));
  const { isFortranOrder } = parts;
  return isSound && type !== null && payload !== null ? { type, shape, isFortranOrder, payload } : null;
}

/** Parts of an array as a call has them, not looked at yet. */
interface ArrayParts {
  readonly shape: PickleValue | undefined;
  readonly type: PickleValue | undefined;
  readonly isFortranOrder: boolean;
  readonly content: PickleValue | undefined;
}

/** An empty array that is given its state: protocols up to 4, and later where the elements are no one block. */
function reconstructed(value: PickleValue | undefined): ArrayParts | null {
  if (!isCallOf(value, "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")) return null;
  if (!isGlobal(items(value.arguments)[0], "numpy.ndarray")) return null;
  const [, shape, type, isFortranOrder, content] = items(value.state);
  return { shape, type, isFortranOrder: isFortranOrder === true, content };
}

/** Bytes, type, shape and order: protocol 5. */
function fromBuffer(value: PickleValue | undefined, source: ByteSource): ArrayParts | null {
  if (!isCallOf(value, "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")) return null;
  const [content, type, shape, order] = items(value.arguments);
  return { shape, type, isFortranOrder: shortText(order, source) === "F", content };
}

/** The elements' bytes in row-major order. InputError, naming file and array, where there are more or fewer than the shape says. */
export async function readPickledArray(source: ByteSource, name: string, array: PickledArray): Promise<Uint8Array> {
  const { shape, type, payload } = array;
  const bytes = elementCount(shape) * type.bytes;
  // A character of Latin-1 takes one byte of UTF-8, or two.
  const most = payload.length;
  const least = payload.type === "text" ? most / 2 : most;
  if (bytes < least || bytes > most) throw wrongLength(source, name, array, `${most} bytes`);
  const content = new Uint8Array(bytes);
  if (payload.type === "bytes") await readLarge(source, payload.from, content);
  else if (!(await readLatin1(source, payload, content)))
    throw wrongLength(source, name, array, "another number of bytes");
  if (!array.isFortranOrder || shape.length < 2) return content;
  if (type.bytes === 1) return toRowMajor(content, shape);
  throw new InputError(`${source.name}: ${name}: lies in Fortran order; expected bytes, or rows one after the other`);
}

function wrongLength(source: ByteSource, name: string, { shape, type }: PickledArray, found: string): InputError {
  const expected = elementCount(shape) * type.bytes;
  return new InputError(
    `${source.name}: ${name}: holds ${found}; its shape [${shape.join(", ")}] takes ${expected} bytes`,
  );
}

function isExtent(extent: number): boolean {
  return Number.isInteger(extent) && extent >= 0 && extent <= 2 ** 32;
}

function isCallOf(value: PickleValue | undefined, ...names: readonly string[]): value is PickleObject {
  const isObject = typeof value === "object" && value !== null && value.type === "object";
  return isObject && isGlobal(value.callee, ...names);
}

/** The state of a `numpy.dtype` has the byte order, its argument the rest. */
function elementType(value: PickleValue | undefined, source: ByteSource): ElementType | null {
  if (!isCallOf(value, "numpy.dtype")) return null;
  const code = shortText(items(value.arguments)[0], source);
  const order = shortText(items(value.state)[1], source);
  return code === null ? null : parseNumpyType(`${order ?? "|"}${code}`);
}

function payloadOf(value: PickleValue | undefined): PickledArray["payload"] | null {
  if (typeof value !== "object" || value === null) return null;
  if (value.type === "bytes") return value;
  if (value.type !== "object" || !isLatin1Call(value)) return null;
  const [text] = items(value.arguments);
  return typeof text === "object" && text?.type === "text" ? text : null;
}

const CHUNK = 2 ** 24;

/** Fills `out` with UTF-8 text as Latin-1; false unless it is just that many characters, none above 255. */
async function readLatin1(source: ByteSource, span: PickledArray["payload"], out: Uint8Array): Promise<boolean> {
  const decoder = { out, at: 0, lead: 0, carry: 0 };
  for (let done = 0; done < span.length; done += CHUNK) {
    const chunk = new Uint8Array(Math.min(CHUNK, span.length - done));
    source.read(span.from + done, chunk);
    if (!decodeLatin1(chunk, decoder)) return false;
    await pause();
  }
  return decoder.at === out.length && decoder.lead === 0;
}

interface Latin1Decoder {
  readonly out: Uint8Array;
  /** Characters so far. */
  at: number;
  /** 1 where a character's second byte is still to come. */
  lead: number;
  /** What its first byte says of its upper two bits. */
  carry: number;
}

/**
 * Characters below 128 are themselves; the others are c2 or c3, whose last two bits come first, and a byte 10xxxxxx. Without
 * branches, because in an image it is a coin toss which of them comes next.
 */
function decodeLatin1(chunk: Uint8Array, decoder: Latin1Decoder): boolean {
  const { out } = decoder;
  let { at, lead, carry } = decoder;
  let wrong = 0;
  for (let i = 0; i < chunk.length; i++) {
    const byte = chunk[i] as number;
    const high = byte >>> 7;
    const second = (byte >>> 6) & 1;
    const isContinuation = high & (second ^ 1);
    wrong |= isContinuation ^ lead;
    lead = high & second;
    wrong |= lead * ((byte ^ FIRST_LEAD) >>> 1);
    out[at] = (byte & (0x7f >>> isContinuation)) | carry;
    carry = lead * ((byte & 3) << 6);
    at += lead ^ 1;
  }
  Object.assign(decoder, { at, lead, carry });
  return wrong === 0 && at <= out.length;
}

/** First byte of the characters 128 to 191; the next one is that of 192 to 255. */
const FIRST_LEAD = 0xc2;
