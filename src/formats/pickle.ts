/**
 * Python's pickle format, protocols 2 to 5, read as data: an interpreter of the opcodes that data sets use and no others.
 * Calls and names become inert records (pickle-values.ts). Payloads stay in the file until they are asked for.
 */
import { InputError } from "../core/errors.js";
import { ByteCursor } from "./byte-cursor.js";
import type { ByteSource } from "./byte-source.js";
import { type Machine, OPCODES, PROTOCOL, refusal, STOP } from "./pickle-opcodes.js";
import { describeValue, type PickleSpan, type PickleValue, shortText } from "./pickle-values.js";

/** The data sets' own pickles hold some ten thousand; a hostile one could make an object of every byte. */
const MOST_OBJECTS = 1_000_000;

/** The one value that a pickle holds. InputError, naming file and byte, for one that is damaged or does more than hold data. */
export function readPickle(source: ByteSource): PickleValue {
  return new Interpreter(source).run();
}

class Interpreter {
  readonly #source: ByteSource;
  readonly #cursor: ByteCursor;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at marks that are open. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;
  #opcodeAt = 0;

  constructor(source: ByteSource) {
    this.#source = source;
    this.#cursor = new ByteCursor(source);
  }

  run(): PickleValue {
    this.#requireStart();
    for (;;) {
      this.#opcodeAt = this.#cursor.at;
      const opcode = this.#cursor.unsigned(1);
      if (opcode === STOP) return this.#result();
      const act = OPCODES.get(opcode);
      if (act === undefined) throw this.#error(refusal(opcode));
      act(this.#machine);
    }
  }

  /** Protocols from 2 on say at once which one they are. */
  #requireStart(): void {
    const { name, size } = this.#source;
    const start = Buffer.alloc(Math.min(2, size));
    this.#source.read(0, start);
    const [opcode = 0, protocol = 0] = start;
    if (opcode === PROTOCOL && protocol >= 2 && protocol <= 5) return;
    throw new InputError(
      `${name}: no pickle of protocol 2 to 5: it begins with "${start.toString("hex")}"; expected "8002" to "8005"`,
    );
  }

  #result(): PickleValue {
    const value = this.#pop();
    const rest = this.#source.size - this.#cursor.at;
    if (rest > 0) throw this.#error(`the pickle ends here, and ${rest} bytes follow; expected none`);
    return value;
  }

  /** What an opcode may do. */
  readonly #machine: Machine = {
    push: (value) => this.#push(value),
    pop: () => this.#pop(),
    top: () => this.#top(),
    mark: () => this.#marks.push(this.#stack.length),
    popToMark: () => this.#popToMark(),
    discard: () => {
      if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
      else this.#pop();
    },
    remember: (index) => {
      this.#count();
      this.#memo.set(index ?? this.#memo.size, this.#top());
    },
    recall: (index) => {
      const value = this.#memo.get(index);
      if (value === undefined) throw this.#error(`asks for memo ${index}, which was never stored`);
      this.#push(value);
    },
    span: (type, length) => this.#span(type, length),
    unsigned: (bytes) => this.#cursor.unsigned(bytes),
    signed: (bytes) => this.#cursor.signed(bytes),
    double: () => this.#cursor.double(),
    line: () => this.#cursor.line(),
    name: (value) => {
      const name = shortText(value, this.#source);
      if (name === null) throw this.#error(`asks for a name, and finds ${describeValue(value)}; expected text`);
      return name;
    },
    fail: (what) => this.#error(what),
  };

  #push(value: PickleValue): void {
    this.#count();
    this.#stack.push(value);
  }

  #count(): void {
    if (++this.#objects > MOST_OBJECTS)
      throw this.#error(`makes more than ${MOST_OBJECTS} objects; no data set that can be read holds so many`);
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.at(-1) : undefined;
    if (value === undefined) throw this.#error("takes a value from an empty stack");
    return value;
  }

  #popToMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.#error("looks for a mark that was never set");
    return this.#stack.splice(height);
  }

  #span(type: PickleSpan["type"], length: number): PickleSpan {
    const rest = this.#source.size - this.#cursor.at;
    if (length < 0 || length > rest)
      throw this.#error(`announces ${length} bytes; expected 0 to ${rest}, which is what is left of the file`);
    const span = { type, from: this.#cursor.at, length };
    this.#cursor.skip(length);
    return span;
  }

  #error(what: string): InputError {
    return new InputError(`${this.#source.name}: damaged pickle: the opcode at byte ${this.#opcodeAt} ${what}`);
  }
}
