/** Little-endian numbers one after the other from a byte source, through a small window of it. */
import { InputError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";

const WINDOW = 2 ** 16;
/** A line is a number or a name; a longer one is no text. */
const LONGEST_LINE = 1000;

export class ByteCursor {
  readonly #source: ByteSource;
  #window = Buffer.alloc(0);
  #windowFrom = 0;
  #at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next byte's place. */
  get at(): number {
    return this.#at;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** An unsigned integer of 1, 2, 4 or 8 bytes; of 8 the nearest double. */
  unsigned(bytes: number): number {
    const taken = this.#take(bytes);
    return bytes === 8 ? Number(taken.readBigUInt64LE()) : taken.readUIntLE(0, bytes);
  }

  /** In two's complement of 1 to 8 bytes; above 6 the nearest double. */
  signed(bytes: number): number {
    const taken = this.#take(bytes);
    if (bytes <= 6) return taken.readIntLE(0, bytes);
    const low = BigInt(taken.readUIntLE(0, 6));
    return Number((BigInt(taken.readIntLE(6, bytes - 6)) << 48n) + low);
  }

  /** Big-endian: the one number that a pickle writes so. */
  double(): number {
    return this.#take(8).readDoubleBE();
  }

  line(): string {
    for (let length = 0; length < LONGEST_LINE; length++) {
      if (this.#peek(length) !== 0x0a) continue;
      const text = this.#take(length + 1).toString("latin1");
      return text.slice(0, -1);
    }
    throw new InputError(`${this.#source.name}: byte ${this.#at}: a line of more than ${LONGEST_LINE} bytes`);
  }

  #peek(ahead: number): number {
    this.#fill(ahead + 1);
    return this.#window[this.#at + ahead - this.#windowFrom] ?? 0;
  }

  #take(bytes: number): Buffer {
    this.#fill(bytes);
    const start = this.#at - this.#windowFrom;
    this.#at += bytes;
    return this.#window.subarray(start, start + bytes);
  }

  /** Makes the next `bytes` lie in the window. */
  #fill(bytes: number): void {
    const { name, size } = this.#source;
    const end = this.#at + bytes;
    if (end > size) throw new InputError(`${name}: cut: it ends at byte ${size}; expected at least ${end} bytes`);
    if (this.#at >= this.#windowFrom && end <= this.#windowFrom + this.#window.length) return;
    const window = Buffer.alloc(Math.min(WINDOW, size - this.#at));
    this.#source.read(this.#at, window);
    this.#window = window;
    this.#windowFrom = this.#at;
  }
}
