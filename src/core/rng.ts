/**
 * The one source of random numbers: Threefry-4x32-20 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 *
 * A stream is named by seed, purpose and position; its numbers depend on nothing else, so draws do not change with batch
 * size, order, threads or engine, and a resumed run needs no saved generator. `native/random.h` gives the same bits: key
 * [seed mod 2^32, floor(seed / 2^32), purpose, a], counter [block, b, c, 0], the four words of a block used in their order.
 */
import { fillNormalPair } from "./normal.js";

/** Codes are part of every result: a number once given is never given to something else. */
const PURPOSES = {
  "initial-mask": 1,
  "initial-weight": 2,
  sign: 3,
  order: 4,
  augment: 5,
  /** Start of an attack inside training. */
  start: 6,
  noise: 7,
  rewire: 8,
  pgd: 9,
  apgd: 10,
  fab: 11,
  square: 12,
  bb: 13,
  score: 14,
  prune: 15,
} as const;

export type Purpose = keyof typeof PURPOSES;

/** The numbers of one (seed, purpose, position), from the first. `seed` is an integer in [0, 2^53), the positions in [0, 2^32). */
export function stream(seed: number, purpose: Purpose, a = 0, b = 0, c = 0): Stream {
  return new Stream([seed, Math.floor(seed / 2 ** 32), PURPOSES[purpose], a], [0, b, c, 0]);
}

/** The `index`-th (from 0) `normal()` of the fresh stream (seed, purpose, a, b), without drawing those before it. */
export function normalAt(seed: number, purpose: Purpose, a: number, b: number, index: number): number {
  const block = Math.floor(index / 4);
  const numbers = new Stream([seed, Math.floor(seed / 2 ** 32), PURPOSES[purpose], a], [block, b, 0, 0]);
  for (let skipped = 4 * block; skipped < index; skipped++) numbers.normal();
  return numbers.normal();
}

type Words = readonly [number, number, number, number];

/** Numbers one after the other; each method goes on where the last one stopped. */
export class Stream {
  readonly #key = new Int32Array(5);
  readonly #counter = new Int32Array(4);
  readonly #words = new Int32Array(4);
  #used = 4;
  readonly #pair = new Float64Array(2);
  #hasSecond = false;

  /** Raw key and counter, as in the published test vectors; others use `stream`. Only the low 32 bits of each count. */
  constructor(key: Words, counter: Words) {
    this.#counter.set(counter);
    this.#key.set(key);
    this.#key[4] = key.reduce((parity, word) => parity ^ word, KEY_PARITY);
  }

  /** 32 random bits as an integer in [0, 2^32). */
  bits(): number {
    if (this.#used === 4) this.#nextBlock();
    return (this.#words[this.#used++] as number) >>> 0;
  }

  /** Uniform in [0, 1), a multiple of 2^-24, so exact in float32 too. */
  uniform(): number {
    return (this.bits() >>> 8) * 2 ** -24;
  }

  /** Standard normal, a double (core/normal.ts); two words give two of them. */
  normal(): number {
    this.#hasSecond = !this.#hasSecond;
    if (!this.#hasSecond) return this.#pair[1] as number;
    const first = this.bits();
    fillNormalPair(this.#pair, first, this.bits());
    return this.#pair[0] as number;
  }

  /** Uniform among 0 … below - 1 without bias (draws again in the incomplete last stretch of 2^32); `below` in [1, 2^32]. */
  integer(below: number): number {
    const end = 2 ** 32 - (2 ** 32 % below);
    let bits = this.bits();
    while (bits >= end) bits = this.bits();
    return bits % below;
  }

  /** Each entry low + (high - low) · uniform(), in double, then rounded to float32. */
  fillUniform(out: Float32Array, low: number, high: number): void {
    const scale = (high - low) * 2 ** -24;
    for (let i = 0; i < out.length; i++) out[i] = low + scale * (this.bits() >>> 8);
  }

  /** Each entry deviation · normal(), both rounded to float32 before and their product after. */
  fillNormal(out: Float32Array, deviation: number): void {
    const scale = Math.fround(deviation);
    for (let i = 0; i < out.length; i++) out[i] = scale * Math.fround(this.normal());
  }

  /** The entries that `fillNormal` of a fresh stream gives at these indices; what is drawn afterwards begins a block anew. */
  fillNormalAt(out: Float32Array, deviation: number, indices: Uint32Array): void {
    const scale = Math.fround(deviation);
    const pair = this.#pair;
    let block = -1;
    for (let i = 0; i < out.length; i++) {
      const index = indices[i] as number;
      if (index >>> 2 !== block) {
        block = index >>> 2;
        this.#counter[0] = block;
        this.#nextBlock();
      }
      const first = index & 2;
      fillNormalPair(pair, (this.#words[first] as number) >>> 0, (this.#words[first + 1] as number) >>> 0);
      out[i] = scale * Math.fround(pair[index & 1] as number);
    }
    this.#used = 4;
    this.#hasSecond = false;
  }

  #nextBlock(): void {
    threefry(this.#words, this.#counter, this.#key);
    this.#counter[0] = (this.#counter[0] as number) + 1;
    this.#used = 0;
  }
}

/** Xor of the key words with this is the fifth one (Salmon et al. 2011, section 3.3). */
const KEY_PARITY = 0x1bd11bda;

/** Rotations of the two mixes of each of eight rounds; the ninth round is like the first. */
const ROTATIONS = Uint8Array.of(10, 26, 11, 21, 13, 27, 23, 5, 6, 20, 17, 11, 25, 10, 18, 20);

/** One block: 20 rounds, two a pass, the key added before the first and after every fourth. `key` has five words. */
function threefry(out: Int32Array, counter: Int32Array, key: Int32Array): void {
  let x0 = ((counter[0] as number) + (key[0] as number)) | 0;
  let x1 = ((counter[1] as number) + (key[1] as number)) | 0;
  let x2 = ((counter[2] as number) + (key[2] as number)) | 0;
  let x3 = ((counter[3] as number) + (key[3] as number)) | 0;
  for (let pass = 0; pass < 10; pass++) {
    const r = (pass & 3) << 2;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, ROTATIONS[r] as number) ^ x0;
    x2 = (x2 + x3) | 0;
    x3 = rotate(x3, ROTATIONS[r + 1] as number) ^ x2;
    x0 = (x0 + x3) | 0;
    x3 = rotate(x3, ROTATIONS[r + 2] as number) ^ x0;
    x2 = (x2 + x1) | 0;
    x1 = rotate(x1, ROTATIONS[r + 3] as number) ^ x2;
    if (pass & 1) {
      const added = (pass + 1) >> 1;
      x0 = (x0 + (key[added % 5] as number)) | 0;
      x1 = (x1 + (key[(added + 1) % 5] as number)) | 0;
      x2 = (x2 + (key[(added + 2) % 5] as number)) | 0;
      x3 = (x3 + (key[(added + 3) % 5] as number) + added) | 0;
    }
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
