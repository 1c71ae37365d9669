/** NumPy's .npy files made by hand. */

export interface NpyFile {
  readonly shape: readonly number[];
  readonly descr?: string;
  readonly isFortran?: boolean;
  readonly bytes: Uint8Array;
  readonly version?: number;
  /** What the file says of its header, if not the truth. */
  readonly headerBytes?: number;
}

export function npyFile({ shape, descr = "|u1", isFortran = false, bytes, version = 1, headerBytes }: NpyFile): Buffer {
  const extents = shape.map((extent) => `${extent},`).join(" ");
  const text = `{'descr': '${descr}', 'fortran_order': ${isFortran ? "True" : "False"}, 'shape': (${extents}), }\n`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(headerBytes ?? text.length);
  else length.writeUInt32LE(headerBytes ?? text.length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY`, "latin1"),
    Buffer.from([version, 0]),
    length,
    Buffer.from(text),
    bytes,
  ]);
}
