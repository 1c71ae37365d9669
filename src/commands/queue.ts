/** Hands things from one asynchronous task to another, in order and without a limit. */
export class Queue<T> {
  readonly #waiting: T[] = [];
  #ended = false;
  #error: unknown = null;
  #wake: () => void = () => {};

  push(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  /** No more will come; with an error the reader gets it after what was pushed before. */
  end(error: unknown = null): void {
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item !== undefined) yield item;
      else if (this.#error !== null) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
