/** The opcodes of Python's pickles that data sets use, each as what it does; whatever would run code only leaves a note. */
import type { InputError } from "../core/errors.js";
import { describeValue, type PickleObject, type PickleSpan, type PickleValue } from "./pickle-values.js";

/** What an opcode may do to the interpreter. */
export interface Machine {
  push(value: PickleValue): void;
  pop(): PickleValue;
  top(): PickleValue;
  mark(): void;
  popToMark(): PickleValue[];
  /** Pops a value or, above it, a mark. */
  discard(): void;
  /** Stores the top; without an index under the next one. */
  remember(index?: number): void;
  recall(index: number): void;
  span(type: PickleSpan["type"], length: number): PickleSpan;
  unsigned(bytes: number): number;
  signed(bytes: number): number;
  double(): number;
  /** Text up to the end of the line. */
  line(): string;
  name(value: PickleValue): string;
  fail(what: string): InputError;
}

export type Act = (machine: Machine) => unknown;

export const PROTOCOL = 0x80;
export const STOP = 0x2e;

/** All opcodes of a data pickle but STOP. */
export const OPCODES: ReadonlyMap<number, Act> = new Map<number, Act>([
  [PROTOCOL, (m) => m.unsigned(1)],
  // A frame only says how much may be read at once.
  [0x95, (m) => m.unsigned(8)],
  [code("("), (m) => m.mark()],
  [code("0"), (m) => m.discard()],
  [code("}"), (m) => m.push({ type: "dict", entries: [] })],
  [code("]"), (m) => m.push({ type: "list", items: [] })],
  [code(")"), (m) => m.push({ type: "tuple", items: [] })],
  [code("d"), (m) => m.push({ type: "dict", entries: pairs(m, m.popToMark()) })],
  [code("l"), (m) => m.push({ type: "list", items: m.popToMark() })],
  [code("t"), (m) => m.push({ type: "tuple", items: m.popToMark() })],
  [0x85, (m) => tuple(m, 1)],
  [0x86, (m) => tuple(m, 2)],
  [0x87, (m) => tuple(m, 3)],
  [code("a"), (m) => append(m, [m.pop()])],
  [code("e"), (m) => append(m, m.popToMark())],
  [code("s"), (m) => set(m, [m.pop(), m.pop()].reverse())],
  [code("u"), (m) => set(m, m.popToMark())],
  [code("N"), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [code("I"), (m) => m.push(integerLine(m))],
  [code("J"), (m) => m.push(m.signed(4))],
  [code("K"), (m) => m.push(m.unsigned(1))],
  [code("M"), (m) => m.push(m.unsigned(2))],
  [0x8a, (m) => m.push(long(m, m.unsigned(1)))],
  [0x8b, (m) => m.push(long(m, m.signed(4)))],
  [code("G"), (m) => m.push(m.double())],
  [code("T"), (m) => m.push(m.span("bytes", m.signed(4)))],
  [code("U"), (m) => m.push(m.span("bytes", m.unsigned(1)))],
  [code("B"), (m) => m.push(m.span("bytes", m.unsigned(4)))],
  [code("C"), (m) => m.push(m.span("bytes", m.unsigned(1)))],
  [0x8e, (m) => m.push(m.span("bytes", m.unsigned(8)))],
  // Bytes that may be written to, and bytes that may not: here they only lie in the file.
  [0x96, (m) => m.push(m.span("bytes", m.unsigned(8)))],
  [0x98, () => {}],
  [code("X"), (m) => m.push(m.span("text", m.unsigned(4)))],
  [0x8c, (m) => m.push(m.span("text", m.unsigned(1)))],
  [code("c"), (m) => m.push({ type: "global", name: `${m.line()}.${m.line()}` })],
  [0x93, stackGlobal],
  [code("R"), call],
  [0x81, call],
  [code("b"), build],
  [code("q"), (m) => m.remember(m.unsigned(1))],
  [code("r"), (m) => m.remember(m.unsigned(4))],
  [0x94, (m) => m.remember()],
  [code("h"), (m) => m.recall(m.unsigned(1))],
  [code("j"), (m) => m.recall(m.unsigned(4))],
]);

function code(letter: string): number {
  return letter.charCodeAt(0);
}

const PERSISTENT_ID = code("Q");
const NEXT_BUFFER = 0x97;

/** Why an opcode that is not in the table is refused. */
export function refusal(opcode: number): string {
  const hex = `0x${opcode.toString(16).padStart(2, "0")}`;
  if (opcode === PERSISTENT_ID || opcode === NEXT_BUFFER)
    return "refers to an object outside the file; expected a pickle that is whole by itself";
  return `is ${hex}, which no data pickle of protocol 2 to 5 has`;
}

function tuple(m: Machine, count: number): void {
  const values = Array.from({ length: count }, () => m.pop()).reverse();
  m.push({ type: "tuple", items: values });
}

function append(m: Machine, values: readonly PickleValue[]): void {
  const list = m.top();
  if (typeof list !== "object" || list?.type !== "list")
    throw m.fail(`appends to ${describeValue(list)}; expected a list`);
  for (const value of values) list.items.push(value);
}

function set(m: Machine, values: readonly PickleValue[]): void {
  const dict = m.top();
  if (typeof dict !== "object" || dict?.type !== "dict")
    throw m.fail(`sets an item of ${describeValue(dict)}; expected a dict`);
  for (const pair of pairs(m, values)) dict.entries.push(pair);
}

function pairs(m: Machine, values: readonly PickleValue[]): (readonly [PickleValue, PickleValue])[] {
  if (values.length % 2 !== 0) throw m.fail("has a key without a value");
  return values.flatMap((key, i) => (i % 2 === 0 ? [[key, values[i + 1] ?? null] as const] : []));
}

/** Protocol 0 wrote the truth values so, and later ones kept reading them. */
const TRUTH = new Map([
  ["00", false],
  ["01", true],
]);

function integerLine(m: Machine): PickleValue {
  const text = m.line();
  const truth = TRUTH.get(text);
  if (truth !== undefined) return truth;
  if (!/^-?\d{1,15}$/.test(text)) throw m.fail(`holds "${text.slice(0, 40)}"; expected an integer`);
  return Number(text);
}

/** Two's complement, little-endian, of as many bytes as needed; none is 0. */
function long(m: Machine, bytes: number): number {
  if (bytes < 0 || bytes > 8) throw m.fail(`announces an integer of ${bytes} bytes; expected 0 to 8`);
  return bytes === 0 ? 0 : m.signed(bytes);
}

function stackGlobal(m: Machine): void {
  const name = m.name(m.pop());
  const module = m.name(m.pop());
  m.push({ type: "global", name: `${module}.${name}` });
}

/** REDUCE and NEWOBJ alike: noted, not done. */
function call(m: Machine): void {
  const values = m.pop();
  if (typeof values !== "object" || values?.type !== "tuple")
    throw m.fail(`calls with ${describeValue(values)}; expected a tuple`);
  const object: PickleObject = { type: "object", callee: m.pop(), arguments: values, state: null };
  m.push(object);
}

function build(m: Machine): void {
  const state = m.pop();
  const object = m.top();
  if (typeof object !== "object" || object?.type !== "object")
    throw m.fail(`gives a state to ${describeValue(object)}; expected an object`);
  object.state = state;
}
