/** The JSON header of a safetensors file, believed in nothing until checked against the size of the file. */
import { InputError } from "../core/errors.js";

/** Bytes of one entry. What the format knows; this program reads and writes F32, U32, I32 and U8. */
const ENTRY_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof ENTRY_BYTES;

export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** Sorted by begin: without overlap, without gap, from 0 to the end of the file. */
  readonly tensors: readonly TensorEntry[];
}

type Fields = Readonly<Record<string, unknown>>;

/** InputError, naming the file, the tensor, what was found and what would be right, at the first thing that is not as it must be. */
export function parseHeader(json: Uint8Array, options: { readonly file: string; readonly dataBytes: number }): Header {
  const { file, dataBytes } = options;
  const { __metadata__ = {}, ...entries } = headerObject(json, file);
  const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(entry, name, file));
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireContiguous(tensors, dataBytes, file);
  return { metadata: parseMetadata(__metadata__, file), tensors };
}

function headerObject(json: Uint8Array, file: string): Fields {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    throw new InputError(`${file}: the header is not JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  if (isFields(header)) return header;
  throw new InputError(`${file}: the header is JSON but no object; it must name the tensors`);
}

function parseMetadata(metadata: unknown, file: string): Map<string, string> {
  if (!isFields(metadata)) throw new InputError(`${file}: __metadata__ is not an object of strings`);
  return new Map(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value === "string") return [key, value];
      throw new InputError(
        `${file}: __metadata__ ${JSON.stringify(key)} is ${JSON.stringify(value)}; only strings are allowed`,
      );
    }),
  );
}

function parseEntry(entry: unknown, name: string, file: string): TensorEntry {
  const wrong = (reason: string) => new InputError(`${file}: tensor ${JSON.stringify(name)}: ${reason}`);
  if (!isFields(entry)) throw wrong("its entry in the header is no object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    throw wrong(`unknown dtype ${JSON.stringify(dtype)}; known are ${Object.keys(ENTRY_BYTES).join(", ")}`);
  }
  if (!isSizes(shape)) throw wrong(`its shape is ${JSON.stringify(shape)}; it must be an array of whole numbers`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw wrong(`its data_offsets are ${JSON.stringify(offsets)}; they must be two whole numbers`);
  }
  const [begin = 0, end = 0] = offsets;
  const bytes = shape.reduce((all, size) => all * size, ENTRY_BYTES[dtype]);
  if (end - begin !== bytes) {
    throw wrong(
      `its data_offsets [${begin}, ${end}] hold ${end - begin} bytes; ${dtype} [${shape.join(", ")}] takes ${bytes}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function requireContiguous(tensors: readonly TensorEntry[], dataBytes: number, file: string): void {
  let reached = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== reached) {
      const what = begin < reached ? "overlaps the tensor before it" : "leaves a gap after the tensor before it";
      throw new InputError(
        `${file}: tensor ${JSON.stringify(name)}: ${what}: it begins at byte ${begin}; ${reached} would be right`,
      );
    }
    if (end > dataBytes) {
      throw new InputError(
        `${file}: tensor ${JSON.stringify(name)}: ends at byte ${end}; the file ends at byte ${dataBytes} of its data (is it cut?)`,
      );
    }
    reached = end;
  }
  if (reached !== dataBytes) {
    throw new InputError(`${file}: ${dataBytes} bytes of data; its tensors take ${reached}`);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(ENTRY_BYTES, value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
