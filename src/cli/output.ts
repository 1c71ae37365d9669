/** Standard output in order, with back pressure, and without complaint when its reader goes away. */
import { once } from "node:events";
import type { Writable } from "node:stream";

/** Owns stdout for the time of a command. */
export class Output {
  readonly #stream: Writable;
  readonly #whenClosed: () => void;
  #closed = false;
  #failure: Error | null = null;

  constructor(stream: Writable, whenClosed: () => void) {
    this.#stream = stream;
    this.#whenClosed = whenClosed;
    stream.on("error", (error: NodeJS.ErrnoException) => this.#lost(error));
  }

  /** Whether the reader has gone: what is written from now on is dropped. */
  get closed(): boolean {
    return this.#closed;
  }

  write(content: string | Uint8Array): void {
    if (!this.#closed) this.#stream.write(content);
  }

  /** Resolves when the stream has taken what was written, or its reader has gone; throws where writing failed (disk full). */
  async drained(): Promise<void> {
    if (!this.#closed && this.#stream.writableNeedDrain) {
      await Promise.race([once(this.#stream, "drain"), once(this.#stream, "close")]).catch(() => {});
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Resolves when everything has been handed to the system. */
  async finished(): Promise<void> {
    if (!this.#closed) await new Promise<void>((resolve) => this.#stream.write("", () => resolve()));
    if (this.#failure !== null) throw this.#failure;
  }

  #lost(error: NodeJS.ErrnoException): void {
    if (this.#closed) return;
    this.#closed = true;
    if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") this.#whenClosed();
    else this.#failure = error;
  }
}
