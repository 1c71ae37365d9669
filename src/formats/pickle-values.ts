/** What a pickle holds, as inert data: nothing in it is ever called, imported or made an instance of anything. */
import type { ByteSource } from "./byte-source.js";

export type PickleValue =
  | null
  | boolean
  | number
  | PickleSpan
  | PickleSequence
  | PickleDict
  | PickleGlobal
  | PickleObject;

/** Bytes or UTF-8 text that stay where they are in the file: an array's payload may be larger than any string. */
export interface PickleSpan {
  readonly type: "bytes" | "text";
  readonly from: number;
  readonly length: number;
}

export interface PickleSequence {
  readonly type: "list" | "tuple";
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly type: "dict";
  readonly entries: (readonly [PickleValue, PickleValue])[];
}

/** A name that the pickle asks for. */
export interface PickleGlobal {
  readonly type: "global";
  readonly name: string;
}

/** A call that the pickle asks for, with the state that it would be given: a record of the wish, not its fulfilment. */
export interface PickleObject {
  readonly type: "object";
  readonly callee: PickleValue;
  readonly arguments: PickleValue;
  state: PickleValue;
}

/** Names and dictionary keys are short; longer text is data. */
const LONGEST_NAME = 1000;

/** Short text of a span, bytes taken as Latin-1; null for whatever is no short text. Python 3 writes bytes in old protocols as a call of `_codecs.encode`. */
export function shortText(value: PickleValue | undefined, source: ByteSource): string | null {
  if (value === null || typeof value !== "object") return null;
  if (value.type === "object") return isLatin1Call(value) ? shortText(items(value.arguments)[0], source) : null;
  if (value.type !== "bytes" && value.type !== "text") return null;
  if (value.length > LONGEST_NAME) return null;
  const bytes = Buffer.alloc(value.length);
  source.read(value.from, bytes);
  return bytes.toString(value.type === "text" ? "utf8" : "latin1");
}

/** A call that makes bytes of text, one byte a character: how Python 3 writes bytes for Python 2. */
export function isLatin1Call(value: PickleObject): boolean {
  return isGlobal(value.callee, "_codecs.encode") && items(value.arguments).length === 2;
}

/** The last value under a key; undefined where there is none. */
export function entryOf(dict: PickleDict, key: string, source: ByteSource): PickleValue | undefined {
  return dict.entries.findLast(([name]) => shortText(name, source) === key)?.[1];
}

/** Of a list or tuple; none for anything else. */
export function items(value: PickleValue | undefined): readonly PickleValue[] {
  const isSequence = typeof value === "object" && value !== null && (value.type === "list" || value.type === "tuple");
  return isSequence ? value.items : [];
}

export function isGlobal(value: PickleValue | undefined, ...names: readonly string[]): boolean {
  return typeof value === "object" && value !== null && value.type === "global" && names.includes(value.name);
}

/** For messages: what a value is, in words. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value !== "object") return `the ${typeof value} ${value}`;
  if (value.type === "global") return `the name ${value.name}`;
  if (value.type === "object") return `an object of ${describeCallee(value.callee)}`;
  if (value.type === "dict") return "a dict";
  if ("items" in value) return `a ${value.type} of ${value.items.length}`;
  return `${value.length} bytes of ${value.type === "text" ? "text" : "data"}`;
}

function describeCallee(value: PickleValue): string {
  return typeof value === "object" && value !== null && value.type === "global" ? value.name : "unknown make";
}
