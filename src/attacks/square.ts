/** The Square attack (Andriushchenko et al. 2020), as AutoAttack runs it: random search on the margin, from logits alone. */
import { stream } from "../core/rng.js";
import { type AttackBatch, type AttackRun, type EngineCall, type Passes, passOf } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { marginsOf } from "./margins.js";
import { linfSquares } from "./square-linf.js";
import type { SquareMoves, SquareSpace, Uniforms } from "./square-moves.js";
import { SquareSearch } from "./square-search.js";
import { windowSquares } from "./square-windows.js";

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
 * each sample. Returns the misclassified image where one was found, the clean one elsewhere. Forwards only: queries + 1 a
 * sample that stands, and those that were tried ahead in vain.
 */
export function* square(batch: AttackBatch, constants: SquareConstants, pass: Passes): AttackRun {
  const drawsOf = (index: number, row: number) => stream(batch.seed, "square", passOf(pass, row), index);
  const { best, fooled } = yield* searchSquares(batch, constants, drawsOf);
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

/** Candidates that go through the network at once, at most. */
const ROWS = 128;

/** Fewer cost an engine as much: the native one computes in lines of 16 images, a line a thread. */
const FREE_ROWS = 32;

/** The search itself; `drawsOf` gives the random numbers of a dataset index, at a row of the batch. */
export function* searchSquares(
  batch: AttackBatch,
  constants: SquareConstants,
  drawsOf: (index: number, row: number) => Uniforms,
): Generator<EngineCall, SquareResult> {
  const { inference, labels } = batch;
  const rows = new BatchRows(batch);
  const moves = movesOf(batch, constants);
  const best = batch.images.slice();
  const searches = Array.from(batch.indices, (index, sample) => {
    const images = { origin: rows.of(batch.images, sample), best: rows.of(best, sample) };
    return new SquareSearch({ ...images, sample, moves, queries: constants.queries, draws: drawsOf(index, sample) });
  });
  // Not of those here that still search: what is counted is then the same in batches of any size.
  const room = Math.floor(FREE_ROWS / (batch.begunWith ?? batch.indices.length));
  const candidates = new Float32Array(ROWS * rows.size);
  for (;;) {
    const searching = searches.filter((search) => !search.hasEnded());
    if (searching.length === 0) break;
    const wanted = searching.flatMap((search) => Array.from({ length: search.wanted(room) }, () => search));
    for (const search of searching) search.beginRound();
    for (let from = 0; from < wanted.length; from += ROWS) {
      const tried = wanted.slice(from, from + ROWS);
      for (const [row, search] of tried.entries()) search.propose(rows.of(candidates, row));
      const logits = inference.logits(candidates.subarray(0, tried.length * rows.size));
      const samples = tried.map(({ sample }) => sample);
      const margins = marginsOf(logits, labels, samples);
      for (const [row, search] of tried.entries()) search.judge(rows.of(candidates, row), margins, row);
      yield { forwards: tried.length, gradients: 0 };
    }
  }
  return {
    best,
    margins: Float64Array.from(searches, ({ margin }) => margin),
    fooled: Uint8Array.from(searches, ({ isFooled }) => (isFooled ? 1 : 0)),
  };
}

function movesOf({ inference, threat }: AttackBatch, { p0, excludeLast }: SquareConstants): SquareMoves {
  const { epsilon, bounds } = threat;
  const space: SquareSpace = { shape: inference.input, epsilon, bounds, p0, excludeLast };
  return threat.norm === "linf" ? linfSquares(space) : windowSquares(space, threat.norm);
}
