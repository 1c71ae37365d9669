/** Misclassified images to begin a walk along the decision boundary from: noise, images of other classes, or a strong attack. */
import { stream } from "../core/rng.js";
import { crossEntropy } from "../losses/cross-entropy.js";
import { type AttackBatch, type EngineCall, type Passes, passOf } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { marginsOf } from "./margins.js";
import { pgd } from "./pgd.js";

export interface BoundaryStarts {
  /** [batch, height, width, channel], misclassified where found. */
  readonly images: Float32Array;
  /** 1 where a start was found. */
  readonly found: Uint8Array;
}

/** Images to begin from, of classes that the network gives them: [count, height, width, channel]. */
export interface StartImages {
  readonly images: Float32Array;
  readonly labels: ArrayLike<number>;
}

/** Where starts are looked for, in this order; a search may begin at any of them and goes on from there. */
export const START_KINDS = ["blended-noise", "images", "pgd"] as const;

export type StartKind = (typeof START_KINDS)[number];

export interface StartOptions {
  /** Names the random draws. */
  readonly pass: Passes;
  /** Where the search begins: "blended-noise". */
  readonly start: StartKind;
  /** Noise images tried for each sample: 1000. */
  readonly noiseDraws: number;
  /** Tried where noise finds nothing: the first of another label that is misclassified. The same in all batches, or results depend on them. */
  readonly others?: StartImages;
}

/** A sample's blends with noise are at this many points of the way. */
const BLENDS = 1000;

/**
 * For each sample the least blend of its image with the first misclassified one of up to `noiseDraws` uniform noise images (Foolbox's
 * blended noise); where none is misclassified the first misclassified one of `others`; where there is none what 50 steps of PGD
 * find in the whole range of pixels. A sample that is wrong as it is starts as it is.
 */
export function* boundaryStarts(batch: AttackBatch, options: StartOptions): Generator<EngineCall, BoundaryStarts> {
  const rows = new BatchRows(batch);
  const starts = { images: batch.images.slice(), found: new Uint8Array(batch.labels.length) };
  const missing = () => rows.all.filter((sample) => starts.found[sample] === 0);
  yield* keepFirst(batch, starts, missing(), {
    count: 1,
    fill: (out, sample) => out.set(rows.of(batch.images, sample)),
  });
  const { start, others } = options;
  if (start === "blended-noise") yield* blendedNoise(batch, starts, missing(), options);
  if (start !== "pgd" && others !== undefined)
    yield* keepFirst(batch, starts, missing(), candidatesAmong(batch, others));
  yield* strongAttack(batch, starts, missing(), options.pass);
  return starts;
}

/** Images to try for each sample, in order. */
interface Candidates {
  readonly count: number;
  fill(out: Float32Array, sample: number, candidate: number): void;
}

function* blendedNoise(
  batch: AttackBatch,
  starts: BoundaryStarts,
  samples: readonly number[],
  { pass, noiseDraws }: StartOptions,
): Generator<EngineCall, void> {
  const { bounds } = batch.threat;
  const rows = new BatchRows(batch);
  const noise = (out: Float32Array, sample: number, draw: number) =>
    stream(batch.seed, "bb", passOf(pass, sample), batch.indices[sample] ?? 0, draw).fillUniform(
      out,
      bounds[0],
      bounds[1],
    );
  const noises = yield* keepFirst(batch, starts, samples, { count: noiseDraws, fill: noise });
  const source = new Float32Array(batch.images.length / batch.labels.length);
  yield* keepFirst(batch, starts, [...noises.keys()], {
    count: BLENDS + 1,
    fill: (out, sample, blend) => {
      noise(source, sample, noises.get(sample) ?? 0);
      blendInto(out, rows.of(batch.images, sample), { noise: source, part: blend / BLENDS });
    },
  });
}

function blendInto(
  out: Float32Array,
  image: Float32Array,
  { noise, part }: { readonly noise: Float32Array; readonly part: number },
): void {
  for (let i = 0; i < out.length; i++) out[i] = (1 - part) * (image[i] as number) + part * (noise[i] as number);
}

function candidatesAmong(batch: AttackBatch, others: StartImages): Candidates {
  const size = batch.images.length / batch.labels.length;
  const ofOther = Array.from(batch.labels, (label) =>
    [...Array(others.labels.length).keys()].filter((i) => others.labels[i] !== label),
  );
  return {
    count: Math.max(0, ...ofOther.map((list) => list.length)),
    fill(out, sample, candidate) {
      const chosen = ofOther[sample]?.[candidate];
      const image = chosen === undefined ? batch.images.subarray(sample * size) : others.images.subarray(chosen * size);
      out.set(image.subarray(0, size));
    },
  };
}

/** Candidates that go through the network at once, at most; of one sample in a round, at most. */
const ROWS = 128;
const MOST_AHEAD = 16;

/**
 * Tries the candidates of each sample in order and keeps the first that is misclassified; returns which, by sample. As many are tried in
 * a round as were refused before it, so that batches stay full when few samples are left: they may be some more than needed.
 */
function* keepFirst(
  batch: AttackBatch,
  starts: BoundaryStarts,
  samples: readonly number[],
  { count, fill }: Candidates,
): Generator<EngineCall, Map<number, number>> {
  const rows = new BatchRows(batch);
  const kept = new Map<number, number>();
  const tried = new Float32Array(ROWS * rows.size);
  for (let next = 0; next < count; ) {
    const pending = samples.filter((sample) => !kept.has(sample));
    if (pending.length === 0) break;
    const each = Math.min(count - next, MOST_AHEAD, Math.max(1, next));
    const places = pending.flatMap((sample) =>
      Array.from({ length: each }, (_, i) => ({ sample, candidate: next + i })),
    );
    for (let from = 0; from < places.length; from += ROWS) {
      const part = places.slice(from, from + ROWS);
      for (const [row, { sample, candidate }] of part.entries()) fill(rows.of(tried, row), sample, candidate);
      const logits = batch.inference.logits(tried.subarray(0, part.length * rows.size));
      yield { forwards: part.length, gradients: 0 };
      const of = part.map(({ sample }) => sample);
      const { wrong } = marginsOf(logits, batch.labels, of);
      for (const [row, { sample, candidate }] of part.entries()) {
        if (wrong[row] === 0 || kept.has(sample)) continue;
        kept.set(sample, candidate);
        starts.found[sample] = 1;
        rows.of(starts.images, sample).set(rows.of(tried, row));
      }
    }
    next += each;
  }
  return kept;
}

function* strongAttack(
  batch: AttackBatch,
  starts: BoundaryStarts,
  samples: readonly number[],
  pass: Passes,
): Generator<EngineCall, void> {
  if (samples.length === 0) return;
  const rows = new BatchRows(batch);
  const { bounds } = batch.threat;
  const range = bounds[1] - bounds[0];
  const part: AttackBatch = {
    ...batch,
    threat: { norm: "linf", epsilon: range, bounds },
    images: rows.pack(batch.images, samples).slice(),
    labels: Int32Array.from(samples, (sample) => batch.labels[sample] ?? 0),
    indices: Uint32Array.from(samples, (sample) => batch.indices[sample] ?? 0),
  };
  const constants = { loss: crossEntropy, steps: 50, stepSize: range / 20, randomStart: true };
  const passes = Uint32Array.from(samples, (sample) => passOf(pass, sample));
  const images = yield* withoutChecks(pgd(part, constants, passes));
  const found = (sample: number) => rows.of(images, samples.indexOf(sample));
  yield* keepFirst(batch, starts, samples, { count: 1, fill: (out, sample) => out.set(found(sample)) });
}

/** Engine calls without what the attack says of its gradients: it speaks of another radius. */
function* withoutChecks(run: Generator<EngineCall, Float32Array>): Generator<EngineCall, Float32Array> {
  let next = run.next();
  for (; !next.done; next = run.next()) yield { forwards: next.value.forwards, gradients: next.value.gradients };
  return next.value;
}
