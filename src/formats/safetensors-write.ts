/** Writes safetensors files: the same tensors and metadata give the same bytes. */
import { createHash } from "node:crypto";
import { writeAtomically } from "../core/atomic-write.js";
import type { StoredArray } from "./safetensors.js";
import { BLANK_DIGEST, DIGEST_KEY, digestWithout, withDigest } from "./safetensors-digest.js";
import type { Dtype } from "./safetensors-header.js";

export interface WritableTensor {
  readonly shape: readonly number[];
  /** Row-major, as many as the shape says. */
  readonly values: StoredArray;
}

export interface WritableFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, WritableTensor>;
}

/** The header's end and so every array of 4-byte entries is aligned to this, for readers that map the file. */
const ALIGNMENT = 8;

/** Writes the file whole or not at all; gives the digest and the size of all of it. Errors as `writeAtomically`. */
export async function writeSafetensors(path: string, file: WritableFile): Promise<{ sha256: string; bytes: number }> {
  const parts = formatSafetensors(file);
  await writeAtomically(path, parts);
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return { sha256: hash.digest("hex"), bytes: parts.reduce((all, part) => all + part.length, 0) };
}

/** The file's bytes in pieces: prefix and header, then the tensors, the larger entries first, then by name. */
export function formatSafetensors({ metadata, tensors }: WritableFile): Uint8Array[] {
  const sorted = [...tensors].sort(bySizeAndName);
  const data = sorted.map(([, { values }]) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const head = formatHead(new Map(metadata).set(DIGEST_KEY, BLANK_DIGEST), sorted);
  const digest = digestWithout(BLANK_DIGEST, head, data);
  const sealed = digest && withDigest(head, BLANK_DIGEST, digest);
  if (!sealed) throw new Error("the header has no place for its digest");
  return [sealed, ...data];
}

type Named = readonly [string, WritableTensor];

function bySizeAndName([a, { values: x }]: Named, [b, { values: y }]: Named): number {
  return y.BYTES_PER_ELEMENT - x.BYTES_PER_ELEMENT || (a < b ? -1 : 1);
}

function formatHead(metadata: ReadonlyMap<string, string>, tensors: readonly Named[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries([...metadata].sort(byKey)) };
  let begin = 0;
  for (const [name, { shape, values }] of tensors) {
    requireWritable(name, shape, values);
    const end = begin + values.byteLength;
    header[name] = { dtype: dtypeOf(values), shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8 + Math.ceil(json.length / ALIGNMENT) * ALIGNMENT, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  json.copy(head, 8);
  return head;
}

function requireWritable(name: string, shape: readonly number[], values: StoredArray): void {
  const size = shape.reduce((all, one) => all * one, 1);
  if (size !== values.length) throw new Error(`tensor "${name}": [${shape.join(", ")}] with ${values.length} entries`);
  if (name.startsWith("__")) throw new Error(`no tensor can be named "${name}"`);
}

function dtypeOf(values: StoredArray): Dtype {
  if (values instanceof Float32Array) return "F32";
  if (values instanceof Uint32Array) return "U32";
  return values instanceof Int32Array ? "I32" : "U8";
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
