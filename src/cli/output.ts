/** Standard output in order, with back pressure, and without complaint when its reader goes away. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { fileError } from "../core/file-errors.js";

/** Owns stdout for the time of a command. */
export class Output {
  readonly #stream: Writable;
  readonly #whenClosed: () => void;
  #closed = false;
  #failure: unknown = null;

  constructor(stream: Writable, whenClosed: () => void) {
    this.#stream = stream;
    this.#whenClosed = whenClosed;
    stream.on("error", (error) => this.#lost(error));
  }

  /** Whether nothing can be written any more: what comes now is dropped. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closed by its reader, as opposed to a disk that is full. */
  get hasLostReader(): boolean {
    return this.#closed && this.#failure === null;
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
    if (!this.#closed) await this.#written();
    if (this.#failure !== null) throw this.#failure;
  }

  /** The error of a write comes to its callback before it is an event. */
  #written(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write("", (error) => {
        if (error) this.#lost(error);
        resolve();
      });
    });
  }

  #lost(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    const code = "code" in error ? error.code : "";
    if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") this.#whenClosed();
    else this.#failure = fileError(error, "write", "standard output");
  }
}
