/** MATLAB files of version 5 made by hand: as they should be, and as they should not. */
import { deflateSync } from "node:zlib";

export interface MatVariable {
  readonly name: string;
  readonly shape: readonly number[];
  /** Class of the array: 9 for unsigned bytes, 6 for doubles. */
  readonly kind?: number;
  /** Type that its elements are stored in: 2 for unsigned bytes. */
  readonly type?: number;
  readonly bytes: Uint8Array;
}

export function matFile(...elements: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(128, " ");
  header.write("MATLAB 5.0 MAT-file");
  header.writeUInt16LE(0x0100, 124);
  header.write("IM", 126);
  return Buffer.concat([header, ...elements]);
}

/** A variable; elements of up to four bytes lie in their tags, as MATLAB writes them. */
export function matVariable({ name, shape, kind = 9, type = 2, bytes }: MatVariable): Buffer {
  const flags = Buffer.alloc(8);
  flags.writeUInt32LE(kind);
  const dimensions = Buffer.alloc(4 * shape.length);
  for (const [axis, extent] of shape.entries()) dimensions.writeInt32LE(extent, 4 * axis);
  const parts = [part(6, flags), part(5, dimensions), part(1, Buffer.from(name)), part(type, bytes)];
  return element(14, Buffer.concat(parts));
}

/** Deflated, as MATLAB does since version 7; `behind` is added to what is deflated. */
export function compressed(variable: Buffer, behind: Uint8Array = new Uint8Array(0)): Buffer {
  return element(15, deflateSync(Buffer.concat([variable, behind])));
}

export function element(type: number, content: Uint8Array): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type);
  tag.writeUInt32LE(content.length, 4);
  return Buffer.concat([tag, content]);
}

function part(type: number, content: Uint8Array): Buffer {
  if (content.length > 0 && content.length <= 4) {
    const tag = Buffer.alloc(8);
    tag.writeUInt16LE(type);
    tag.writeUInt16LE(content.length, 2);
    tag.set(content, 4);
    return tag;
  }
  return Buffer.concat([element(type, content), Buffer.alloc((8 - (content.length % 8)) % 8)]);
}
