/** Bytes that can be read at any place, in a file or in memory, so that a format need not load what it skips. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate as pause } from "node:timers/promises";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";

export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Fills `into` with the bytes from `from` on. InputError where there are not so many. */
  read(from: number, into: Uint8Array): void;
}

/** Bytes that are in memory already, such as a member of an archive. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read(from, into) {
      if (from + into.length > bytes.length) throw cut(name, from + into.length, bytes.length);
      into.set(bytes.subarray(from, from + into.length));
    },
  };
}

/** Opens a file for the time of `use`. InputError, naming it, where it cannot be read. */
export async function withFileSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = attempt(path, () => openSync(path, "r"));
  try {
    const { size } = attempt(path, () => fstatSync(file));
    return await use({ name: path, size, read: (from, into) => readFully(path, { file, from, into }) });
  } finally {
    closeSync(file);
  }
}

/** Bytes that are read before signals are seen again. */
const CHUNK = 2 ** 24;

/** Fills `into` like `read`, a chunk at a time, so that a large array does not hold everything up. */
export async function readLarge(source: ByteSource, from: number, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length; at += CHUNK) {
    source.read(from + at, into.subarray(at, at + CHUNK));
    await pause();
  }
}

function readFully(path: string, { file, from, into }: { file: number; from: number; into: Uint8Array }): void {
  let filled = 0;
  while (filled < into.length) {
    const count = attempt(path, () => readSync(file, into, filled, into.length - filled, from + filled));
    if (count === 0) throw cut(path, from + into.length, from + filled);
    filled += count;
  }
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

function cut(name: string, expected: number, found: number): InputError {
  return new InputError(`${name}: cut: it ends at byte ${found}; expected at least ${expected} bytes`);
}
