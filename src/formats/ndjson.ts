/**
 * JSON records, one a line.
 *
 * Not by the `ndjson` package: its errors have no line number, its records no text to pass on byte for byte, and a cut last
 * line is an error like any other.
 */
import { InputError } from "../core/errors.js";

/** One line with its "\n". Numbers that JSON lacks become the strings "NaN", "Infinity" and "-Infinity". */
export function formatRecord(record: object): string {
  return `${JSON.stringify(record, (_, value: unknown) => finiteOrName(value))}\n`;
}

function finiteOrName(value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

export interface RecordLine {
  /** The line as it came, without its "\n". */
  readonly text: string;
  readonly record: Readonly<Record<string, unknown>>;
  /** From 1. */
  readonly line: number;
}

/** A line longer than this is no record but a wrong file: 1 MiB holds the norms of 50,000 samples, this is 256 times as much. */
const LONGEST_LINE = 2 ** 28;

const NEWLINE = 10;

/**
 * The records of a stream of bytes, in order; blank lines are skipped. A last line without its "\n" that is no whole record
 * was cut by whoever wrote it: it is dropped, and `onCut` told its number. Any other line that is not a JSON object is an
 * InputError with `name` (the file or "stdin"), its number and the reason.
 */
export async function* readRecords(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
  onCut: (line: number) => void,
): AsyncGenerator<RecordLine> {
  let line = 0;
  for await (const { bytes, isWhole } of lines(stream, name)) {
    line++;
    const parsed = parseLine(bytes);
    if (parsed.type === "record") yield { ...parsed, line };
    else if (parsed.type === "malformed" && !isWhole) onCut(line);
    else if (parsed.type === "malformed") throw new InputError(`${name}:${line}: ${parsed.reason}`);
  }
}

async function* lines(stream: AsyncIterable<Uint8Array | string>, name: string) {
  let parts: Uint8Array[] = [];
  let length = 0;
  let finished = 0;
  for await (const chunk of stream) {
    let rest: Uint8Array = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (finished === 0 && length === 0) refuseSafetensors(rest, name);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield { bytes: Buffer.concat([...parts, rest.subarray(0, end)]), isWhole: true };
      [parts, length, rest] = [[], 0, rest.subarray(end + 1)];
      finished++;
    }
    parts.push(rest);
    length += rest.length;
    if (length > LONGEST_LINE) {
      throw new InputError(
        `${name}:${finished + 1}: the line is longer than ${LONGEST_LINE} bytes; this is no record stream`,
      );
    }
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), isWhole: false };
}

/** They begin with the length of a JSON header in eight bytes. */
function refuseSafetensors(start: Uint8Array, name: string): void {
  const isSafetensors = start.length > 9 && start.subarray(4, 8).every((byte) => byte === 0) && start[8] === 0x7b;
  if (isSafetensors)
    throw new InputError(`${name}: is a checkpoint, no records; attack-eval attacks it and writes records`);
}

type Parsed =
  | { readonly type: "record"; readonly text: string; readonly record: Readonly<Record<string, unknown>> }
  | { readonly type: "blank" }
  | { readonly type: "malformed"; readonly reason: string };

function parseLine(bytes: Uint8Array): Parsed {
  try {
    // Fatal, and a byte order mark kept: so that `text` is the line's bytes and nothing else.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.trim() === "") return { type: "blank" };
    const record: unknown = JSON.parse(text);
    if (isObject(record)) return { type: "record", text, record };
    return { type: "malformed", reason: "a record is a JSON object, this line is not" };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { type: "malformed", reason: `not a line of JSON (${detail})` };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
