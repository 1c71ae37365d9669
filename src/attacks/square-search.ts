/** One sample's way through the Square attack: its best image, and candidates tried ahead of the decision about those before them. */
import type { Margins } from "./margins.js";
import type { SquareMoves, Uniforms } from "./square-moves.js";

export interface SquareSearchOptions {
  /** Its row in the batch. */
  readonly sample: number;
  readonly origin: Float32Array;
  /** Where the best image is kept. */
  readonly best: Float32Array;
  readonly moves: SquareMoves;
  readonly queries: number;
  readonly draws: Uniforms;
}

/** Candidates of one round, at most. */
const MOST_AHEAD = 16;

/** Refusals since the last success for each candidate of a round: by the rule of succession few rounds then contain a success. */
const REFUSALS = 8;

/**
 * The published search takes one candidate after the other, each a move of the best image so far. After many refusals the next
 * candidates are most likely refused too, so several are made of the same best image and evaluated together; the first that is
 * better is taken, and those after it are made anew, with the same random numbers, of the new best image. The images are
 * those of one after the other. Where so few samples stand that an engine would be half empty, candidates fill it.
 */
export class SquareSearch {
  readonly sample: number;
  /** Of the best image; infinite where no logits were finite. */
  margin = Number.POSITIVE_INFINITY;
  isFooled = false;
  readonly #options: SquareSearchOptions;
  readonly #draws: ReplayedDraws;
  /** Candidates decided about; -1: the start is not. */
  #iteration = -1;
  #refusals = 0;
  #proposed = 0;
  #judged = 0;
  #isOver = false;

  constructor(options: SquareSearchOptions) {
    this.#options = options;
    this.sample = options.sample;
    this.#draws = new ReplayedDraws(options.draws);
  }

  hasEnded(): boolean {
    // A margin that is no number is no success, and nothing can be compared with it.
    return this.#iteration >= 0 && (!(this.margin > 0) || this.#iteration === this.#options.queries);
  }

  /** How many candidates the next round has, where there is room for `room` of them at no cost. */
  wanted(room: number): number {
    if (this.#iteration < 0) return 1;
    const ahead = Math.min(MOST_AHEAD, Math.max(1, room, Math.floor(this.#refusals / REFUSALS)));
    return Math.min(ahead, this.#options.queries - this.#iteration);
  }

  beginRound(): void {
    this.#proposed = 0;
    this.#judged = 0;
    this.#isOver = false;
  }

  /** Fills the round's next candidate. */
  propose(candidate: Float32Array): void {
    // Something better came first: this row goes through the network for nothing.
    if (this.#isOver) return;
    const { moves, origin, best } = this.#options;
    const draws = this.#draws;
    if (this.#iteration < 0) moves.start(candidate, origin, draws);
    else moves.propose(candidate, { best, origin, draws, iteration: this.#iteration + this.#proposed - this.#judged });
    draws.mark();
    this.#proposed++;
  }

  /** Takes in the margins of the round's candidates, in their order: up to the first that is smaller than the best. */
  judge(candidate: Float32Array, { values, wrong }: Margins, row: number): void {
    if (this.#isOver) return;
    this.#judged++;
    this.#iteration++;
    this.#draws.keep();
    const margin = values[row] as number;
    this.#refusals++;
    if (!(margin < this.margin)) return;
    this.margin = margin;
    this.isFooled = wrong[row] === 1;
    this.#options.best.set(candidate);
    this.#refusals = 0;
    this.#isOver = true;
    this.#draws.rewind();
  }
}

/** Random numbers that can be had again: those of candidates that were made in vain. */
class ReplayedDraws implements Uniforms {
  readonly #source: Uniforms;
  /** Drawn, and not yet used up by a candidate that was decided about. */
  readonly #values: number[] = [];
  #next = 0;
  /** Where each candidate's numbers end. */
  readonly #ends: number[] = [];

  constructor(source: Uniforms) {
    this.#source = source;
  }

  uniform(): number {
    if (this.#next === this.#values.length) this.#values.push(this.#source.uniform());
    return this.#values[this.#next++] as number;
  }

  /** A candidate is complete. */
  mark(): void {
    this.#ends.push(this.#next);
  }

  /** The oldest candidate is decided about: its numbers are used up. */
  keep(): void {
    const used = this.#ends.shift() ?? 0;
    this.#values.splice(0, used);
    this.#next -= used;
    for (let i = 0; i < this.#ends.length; i++) this.#ends[i] = (this.#ends[i] as number) - used;
  }

  /** The others were made in vain. */
  rewind(): void {
    this.#next = 0;
    this.#ends.length = 0;
  }
}
