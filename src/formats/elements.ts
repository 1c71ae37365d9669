/** Numbers of one type, one after the other in bytes. */

/** b: truth values, u: unsigned, i: signed integers, f: floating point. */
export interface ElementType {
  readonly kind: "b" | "u" | "i" | "f";
  readonly bytes: number;
  readonly isLittleEndian: boolean;
}

/** Elements of `shape`. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The elements as numbers; of integers of 8 bytes the nearest doubles. */
export function numbersOf(bytes: Uint8Array, { kind, bytes: size, isLittleEndian: little }: ElementType): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readers: Readonly<Record<string, (at: number) => number>> = {
    b1: (at) => view.getUint8(at),
    u1: (at) => view.getUint8(at),
    u2: (at) => view.getUint16(at, little),
    u4: (at) => view.getUint32(at, little),
    u8: (at) => Number(view.getBigUint64(at, little)),
    i1: (at) => view.getInt8(at),
    i2: (at) => view.getInt16(at, little),
    i4: (at) => view.getInt32(at, little),
    i8: (at) => Number(view.getBigInt64(at, little)),
    f4: (at) => view.getFloat32(at, little),
    f8: (at) => view.getFloat64(at, little),
  };
  const read = readers[`${kind}${size}`];
  if (read === undefined) throw new RangeError(`no numbers of type ${kind}${size}`);
  return Float64Array.from({ length: bytes.length / size }, (_, i) => read(i * size));
}
