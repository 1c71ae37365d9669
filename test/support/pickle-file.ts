/** Pickles assembled by hand, opcode by opcode, as Python and NumPy write them in protocols 2 (both Pythons), 3, 4 and 5. */

export type PickleForm = "2 by Python 2" | "2 by Python 3" | "3" | "4" | "5";
export const pickleForms: readonly PickleForm[] = ["2 by Python 2", "2 by Python 3", "3", "4", "5"];

export interface PickledBytes {
  readonly shape: readonly number[];
  /** Such as "u1" or "i8". */
  readonly type: string;
  readonly order?: "|" | "<" | ">";
  readonly isFortran?: boolean;
  readonly bytes: Uint8Array;
}

/** Writes values of one form. */
export class PickleWriter {
  readonly #form: PickleForm;

  constructor(form: PickleForm) {
    this.#form = form;
  }

  /** From protocol 4 on. */
  get #isFramed(): boolean {
    return this.#form === "4" || this.#form === "5";
  }

  /** A whole file. */
  file(value: Buffer): Buffer {
    const start = Buffer.from([0x80, Number(this.#form[0])]);
    const frame = Buffer.alloc(9);
    frame[0] = 0x95;
    frame.writeBigUInt64LE(BigInt(value.length + 1), 1);
    return Buffer.concat([start, ...(this.#isFramed ? [frame] : []), value, Buffer.from(".")]);
  }

  dict(entries: readonly (readonly [Buffer, Buffer])[]): Buffer {
    return Buffer.concat([Buffer.from("}("), ...entries.flat(), Buffer.from("u")]);
  }

  list(items: readonly Buffer[]): Buffer {
    return Buffer.concat([Buffer.from("]("), ...items, Buffer.from("e")]);
  }

  integer(value: number): Buffer {
    const written = Buffer.alloc(5);
    written.write("J");
    written.writeInt32LE(value, 1);
    return written;
  }

  text(value: string): Buffer {
    const content = Buffer.from(value);
    if (this.#isFramed && content.length < 256) return Buffer.concat([Buffer.from([0x8c, content.length]), content]);
    return Buffer.concat([Buffer.from("X"), uint32(content.length), content]);
  }

  /** Python 2 has strings where Python 3 has bytes; Python 3 makes them of text for it. */
  bytes(content: Uint8Array): Buffer {
    if (this.#form === "2 by Python 2") return Buffer.concat([Buffer.from("T"), uint32(content.length), content]);
    if (this.#form !== "2 by Python 3") return Buffer.concat([Buffer.from("B"), uint32(content.length), content]);
    const text = this.text(Buffer.from(content).toString("latin1"));
    return Buffer.concat([this.global("_codecs", "encode"), text, this.text("latin1"), Buffer.from("\x86R", "latin1")]);
  }

  global(module: string, name: string): Buffer {
    if (this.#isFramed) return Buffer.concat([this.text(module), this.text(name), Buffer.from([0x93])]);
    return Buffer.from(`c${module}\n${name}\n`);
  }

  /** A call of a name with these arguments. */
  call(module: string, name: string, values: readonly Buffer[]): Buffer {
    return Buffer.concat([this.global(module, name), this.tuple(values), Buffer.from("R")]);
  }

  tuple(values: readonly Buffer[]): Buffer {
    return Buffer.concat([Buffer.from("("), ...values, Buffer.from("t")]);
  }

  array({ shape, type, order = "|", isFortran = false, bytes }: PickledBytes): Buffer {
    const none = Buffer.from("N");
    const extents = this.tuple(shape.map((extent) => this.integer(extent)));
    const empty = [this.global("numpy", "ndarray"), this.tuple([this.integer(0)]), this.bytes(Buffer.from("b"))];
    const dtype = this.call("numpy", "dtype", [this.text(type), this.integer(0), this.integer(1)]);
    const minusOne = this.integer(-1);
    const order3 = this.tuple([
      ...[this.integer(3), this.text(order), none, none, none],
      ...[minusOne, minusOne, this.integer(0)],
    ]);
    const elements = Buffer.concat([dtype, order3, Buffer.from("b")]);
    if (this.#form === "5") {
      const parts = [byteArray(bytes), elements, extents, this.text(isFortran ? "F" : "C")];
      return this.call("numpy._core.numeric", "_frombuffer", parts);
    }
    const state = this.tuple([
      ...[this.integer(1), extents, elements, Buffer.from([isFortran ? 0x88 : 0x89])],
      this.bytes(bytes),
    ]);
    return Buffer.concat([this.call("numpy.core.multiarray", "_reconstruct", empty), state, Buffer.from("b")]);
  }
}

function byteArray(content: Uint8Array): Buffer {
  const length = Buffer.alloc(9);
  length[0] = 0x96;
  length.writeBigUInt64LE(BigInt(content.length), 1);
  return Buffer.concat([length, content]);
}

function uint32(value: number): Buffer {
  const written = Buffer.alloc(4);
  written.writeUInt32LE(value);
  return written;
}
