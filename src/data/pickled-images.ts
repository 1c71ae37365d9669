/** Data sets in pickles: a dict with an array of bytes, and labels as a list or an array. */
import { InputError } from "../core/errors.js";
import type { ByteSource } from "../formats/byte-source.js";
import { elementCount, numbersOf } from "../formats/elements.js";
import { type PickledArray, pickledArray, readPickledArray } from "../formats/numpy-pickle.js";
import { readPickle } from "../formats/pickle.js";
import { describeValue, entryOf, items, type PickleDict, type PickleValue } from "../formats/pickle-values.js";
import { requireLabels } from "./labels.js";

/** The dict that a pickle holds. InputError, naming the file, for any other value. */
export function readPickledDict(source: ByteSource): PickleDict {
  const value = readPickle(source);
  if (typeof value === "object" && value?.type === "dict") return value;
  throw new InputError(`${source.name}: holds ${describeValue(value)}; expected a dict`);
}

/** Bytes of the array under `key`, whose shape is known. */
export async function readPixels(
  source: ByteSource,
  dict: PickleDict,
  { key, shape }: { readonly key: string; readonly shape: readonly number[] },
): Promise<Uint8Array> {
  const value = entryOf(dict, key, source);
  const array = pickledArray(value, source);
  if (array === null) throw wrongValue(source, key, { value, expected: "an array" });
  if (array.type.kind !== "u" || array.type.bytes !== 1 || array.shape.join() !== shape.join())
    throw new InputError(`${source.name}: ${key} is ${describeArray(array)}; expected [${shape.join(", ")}] of u1`);
  return readPickledArray(source, key, array);
}

/** Labels under `key`, so many, each a class. */
export async function readLabels(
  source: ByteSource,
  dict: PickleDict,
  { key, samples, classes }: { readonly key: string; readonly samples: number; readonly classes: number },
): Promise<Uint8Array> {
  const value = entryOf(dict, key, source);
  const array = pickledArray(value, source);
  const isList = typeof value === "object" && value !== null && "items" in value;
  if (array === null && !isList) throw wrongValue(source, key, { value, expected: "a list or an array" });
  const count = array === null ? items(value).length : elementCount(array.shape);
  if (count !== samples) throw new InputError(`${source.name}: ${key} has ${count} labels; expected ${samples}`);
  const numbers = array === null ? listed(value) : numbersOf(await readPickledArray(source, key, array), array.type);
  requireLabels(numbers, { where: `${source.name}: ${key}`, from: 0, to: classes - 1 });
  return Uint8Array.from(numbers);
}

/** What is no number cannot be a label either. */
function listed(value: PickleValue | undefined): number[] {
  return items(value).map((item) => (typeof item === "number" ? item : Number.NaN));
}

function describeArray({ shape, type }: PickledArray): string {
  return `[${shape.join(", ")}] of ${type.kind}${type.bytes}`;
}

function wrongValue(
  source: ByteSource,
  key: string,
  { value, expected }: { readonly value: PickleValue | undefined; readonly expected: string },
): InputError {
  return new InputError(`${source.name}: ${key} is ${describeValue(value)}; expected ${expected}`);
}
