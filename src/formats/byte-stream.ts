/** Bytes that come one after the other, inflated or not: taken as many at a time as a format says, no more held than a chunk. */
import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createInflate } from "node:zlib";

/** Why the bytes end before a reader has what it asked for: "end", or what the decompressor says. */
export class StreamEnd extends Error {
  override readonly name = "StreamEnd";
}

/** Pulls from a stream; `close` gives it up early. */
export class ByteStream {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<unknown>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Fills `into`. StreamEnd where there are not so many bytes. */
  async fill(into: Uint8Array): Promise<void> {
    for (let filled = 0; filled < into.length; ) {
      if (this.#rest.length === 0 && !(await this.#next())) throw new StreamEnd("end");
      const part = this.#rest.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
  }

  /** How many bytes are left, up to `most` + 1: reads to the end, so that checksums are verified, but not through a bomb. */
  async drain(most: number): Promise<number> {
    let count = this.#rest.length;
    while (count <= most && (await this.#next())) count += this.#rest.length;
    return count;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #next(): Promise<boolean> {
    const next = await this.#chunks.next().catch((error: unknown) => {
      throw new StreamEnd(error instanceof Error ? error.message : String(error));
    });
    if (next.done) return false;
    this.#rest = next.value as Uint8Array;
    return true;
  }
}

/** The bytes [from, to) of a file; `inflated`: they are zlib data, and what they stand for is wanted. */
export function fileStream(path: string, from: number, to: number, inflated: boolean): ByteStream {
  const file = createReadStream(path, { start: from, end: to - 1 });
  if (!inflated) return new ByteStream(file);
  return new ByteStream(pipeline(file, createInflate(), () => {}));
}
