/** Samples of a batch that are still under attack, packed side by side, so that finished ones cost nothing. */
import type { AttackBatch } from "./attack.js";

export class BatchRows {
  /** Numbers of all samples. */
  readonly all: readonly number[];
  /** Pixels of an image, times channels. */
  readonly size: number;
  readonly #packed: Float32Array;

  constructor({ images, indices }: Pick<AttackBatch, "images" | "indices">) {
    this.all = [...indices.keys()];
    this.size = images.length / indices.length;
    this.#packed = new Float32Array(images.length);
  }

  /** The view of one sample in an array [batch, height, width, channel]. */
  of(values: Float32Array, sample: number): Float32Array {
    return values.subarray(sample * this.size, (sample + 1) * this.size);
  }

  /** One view a sample. */
  split(values: Float32Array): Float32Array[] {
    return this.all.map((sample) => this.of(values, sample));
  }

  /** `samples` (ascending) side by side, valid until the next call; the array itself where these are all. */
  pack(values: Float32Array, samples: readonly number[]): Float32Array {
    if (samples.length === this.all.length) return values;
    for (const [place, sample] of samples.entries()) this.#packed.set(this.of(values, sample), place * this.size);
    return this.#packed.subarray(0, samples.length * this.size);
  }
}
