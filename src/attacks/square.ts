/** The Square attack (Andriushchenko et al. 2020), as AutoAttack runs it: random search on the margin, from logits alone. */
import { stream } from "../core/rng.js";
import type { AttackBatch, AttackRun, EngineCall } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { type Margins, marginsOf } from "./margins.js";
import { l2Squares } from "./square-l2.js";
import { linfSquares } from "./square-linf.js";
import type { SquareMoves, SquareSpace, Uniforms } from "./square-moves.js";

export interface SquareConstants {
  /** Candidates tried after the start: 5000 in the standard ensemble. */
  readonly queries: number;
  /** Fraction of the image that the first squares cover: 0.8. */
  readonly p0: number;
  /** No square ever reaches the last row or column: true in all published results. */
  readonly excludeLast: boolean;
}

/**
 * One run, stopped for each sample once it is misclassified; `pass` counts restarts from 1 and names the random draws, a stream for
 * each sample. Returns the misclassified image where one was found, the clean one elsewhere. Forwards only: at most
 * queries + 1 a sample.
 */
export function* square(batch: AttackBatch, constants: SquareConstants, pass: number): AttackRun {
  const { best, fooled } = yield* searchSquares(batch, constants, (index) => stream(batch.seed, "square", pass, index));
  const rows = new BatchRows(batch);
  for (const sample of rows.all) if (fooled[sample] === 0) rows.of(best, sample).set(rows.of(batch.images, sample));
  return best;
}

export interface SquareResult {
  /** The images with the smallest margin found. */
  readonly best: Float32Array;
  /** Those margins, [batch]; infinite where no logits were finite. */
  readonly margins: Float64Array;
  /** 1 where the best image is misclassified. */
  readonly fooled: Uint8Array;
}

/** The search itself; `drawsOf` gives the random numbers of a dataset index. */
export function* searchSquares(
  batch: AttackBatch,
  constants: SquareConstants,
  drawsOf: (index: number) => Uniforms,
): Generator<EngineCall, SquareResult> {
  const { inference, labels } = batch;
  const search = new Search(batch, constants, drawsOf);
  const { rows, candidates, margins } = search;
  search.start();
  search.judge(rows.all, marginsOf(inference.logits(candidates), labels));
  yield { forwards: labels.length, gradients: 0 };
  for (let iteration = 0; iteration < constants.queries; iteration++) {
    // A margin that is no number is no success, and nothing can be compared with it.
    const active = rows.all.filter((sample) => (margins[sample] as number) > 0);
    if (active.length === 0) break;
    search.propose(active, iteration);
    search.judge(active, marginsOf(inference.logits(rows.pack(candidates, active)), labels, active));
    yield { forwards: active.length, gradients: 0 };
  }
  return search;
}

/** The state of all samples of a batch. */
class Search implements SquareResult {
  readonly rows: BatchRows;
  readonly best: Float32Array;
  readonly candidates: Float32Array;
  readonly margins: Float64Array;
  readonly fooled: Uint8Array;
  readonly #moves: SquareMoves;
  readonly #views: readonly SampleViews[];

  constructor(batch: AttackBatch, constants: SquareConstants, drawsOf: (index: number) => Uniforms) {
    this.rows = new BatchRows(batch);
    this.best = batch.images.slice();
    this.candidates = new Float32Array(batch.images.length);
    this.margins = new Float64Array(batch.labels.length);
    this.fooled = new Uint8Array(batch.labels.length);
    this.#moves = movesOf(batch, constants);
    this.#views = Array.from(batch.indices, (index, sample) => ({
      origin: this.rows.of(batch.images, sample),
      best: this.rows.of(this.best, sample),
      candidate: this.rows.of(this.candidates, sample),
      draws: drawsOf(index),
    }));
  }

  start(): void {
    for (const { candidate, origin, draws } of this.#views) this.#moves.start(candidate, origin, draws);
    this.margins.fill(Number.POSITIVE_INFINITY);
  }

  propose(samples: readonly number[], iteration: number): void {
    for (const sample of samples) {
      const views = this.#views[sample];
      if (views !== undefined) this.#moves.propose(views.candidate, { ...views, iteration });
    }
  }

  /** Keeps each candidate whose margin is smaller than the best so far. */
  judge(samples: readonly number[], found: Margins): void {
    for (const [row, sample] of samples.entries()) {
      const margin = found.values[row] as number;
      if (!(margin < (this.margins[sample] as number))) continue;
      this.margins[sample] = margin;
      this.fooled[sample] = found.wrong[row] as number;
      this.#views[sample]?.best.set(this.#views[sample].candidate);
    }
  }
}

interface SampleViews {
  readonly origin: Float32Array;
  readonly best: Float32Array;
  readonly candidate: Float32Array;
  readonly draws: Uniforms;
}

function movesOf({ inference, threat }: AttackBatch, { p0, excludeLast }: SquareConstants): SquareMoves {
  const space: SquareSpace = {
    shape: inference.input,
    epsilon: threat.epsilon,
    bounds: threat.bounds,
    p0,
    excludeLast,
  };
  return threat.norm === "linf" ? linfSquares(space) : l2Squares(space);
}
