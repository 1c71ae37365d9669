/** Puts the pieces of one attack on one network together: each sample exactly once. */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../core/errors.js";
import type { AttackResult } from "../records/events.js";
import { decodeOutcomes } from "../records/outcomes.js";

/** One attack.result, where it stands, and the `--shard` of its run. */
export interface Piece {
  readonly result: AttackResult;
  readonly where: string;
  readonly shard: string | null;
}

/** An attack on one network over `range`, whole. */
export interface MergedResult {
  readonly name: string;
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly norm: AttackResult["norm"];
  readonly epsilon: number;
  readonly epsilonText: string;
  readonly data: AttackResult["data"];
  readonly seed: number;
  readonly range: readonly [number, number];
  /** One flag a sample of the range: still classified rightly. */
  readonly outcomes: Uint8Array;
  /** One flag a sample of the range: was attacked at all. */
  readonly included: Uint8Array;
  readonly samples: number;
  readonly correct: number;
  /** Of the attack, images summed. */
  readonly forwards: number;
  readonly gradients: number;
  readonly seconds: number;
  readonly reliability: AttackResult["reliability"];
  /** The picture files of its pieces. */
  readonly pictures: readonly string[];
  readonly where: string;
}

/**
 * InputError for an overlap, a gap, a missing shard, or two that disagree; of two runs over the first samples, and over more that
 * agree, the larger. The pieces are of one recipe, seed and network.
 */
export function mergePieces(pieces: readonly Piece[]): MergedResult {
  const ordered = distinct(pieces).sort((a, b) => a.result.range[0] - b.result.range[0]);
  const [first] = ordered;
  if (first === undefined) throw new Error("an attack without a result");
  for (const [i, piece] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined) requireContiguous(before, piece);
  }
  requireAllShards(ordered);
  const parts = ordered.map(({ result, where }) => flags(result, where));
  const outcomes = joined(parts.map((part) => part.outcomes));
  const included = joined(parts.map((part) => part.included));
  const { attack, norm, epsilon, epsilonText, data, seed, range } = first.result;
  const { name, ...recipe } = attack;
  return {
    ...{ name, recipe, norm, epsilon, epsilonText, data, seed, outcomes, included },
    range: [range[0], range[0] + outcomes.length],
    samples: ones(included),
    correct: ones(outcomes),
    ...{
      forwards: total(ordered, "forwards"),
      gradients: total(ordered, "gradients"),
      seconds: total(ordered, "seconds"),
    },
    reliability: ordered.flatMap(({ result }) => result.reliability),
    pictures: ordered.flatMap(({ result }) => result.pictures ?? []),
    where: first.where,
  };
}

/** The same result told twice (a file given twice, a stream that passed through, the first samples of a larger run) counts once. */
function distinct(pieces: readonly Piece[]): Piece[] {
  return pieces.filter((piece, i) =>
    pieces.every((other, j) => other === piece || !isTold(piece, other) || (j > i && isTold(other, piece))),
  );
}

/** Whether all that a piece says is in `other`: the same, or a run over more samples that agrees on these. */
function isTold(piece: Piece, other: Piece): boolean {
  const [mine, theirs] = [piece.result, other.result];
  const [from, to] = mine.range;
  if (from === theirs.range[0] && to === theirs.range[1]) {
    return mine.outcomes === theirs.outcomes && mine.included === theirs.included;
  }
  if (piece.shard !== null || other.shard !== null || from < theirs.range[0] || to > theirs.range[1]) return false;
  const [own, whole] = [flags(mine, piece.where), flags(theirs, other.where)];
  const shared = (bits: Uint8Array) => bits.subarray(from - theirs.range[0], to - theirs.range[0]);
  return (
    isDeepStrictEqual(own.outcomes, shared(whole.outcomes)) && isDeepStrictEqual(own.included, shared(whole.included))
  );
}

function total(pieces: readonly Piece[], field: "forwards" | "gradients" | "seconds"): number {
  return pieces.reduce((sum, { result }) => sum + result[field], 0);
}

/** The first constant in which two recipes differ, `steps 50 and 40`; null where they are the same. */
export function recipeDifference(
  first: Readonly<Record<string, unknown>>,
  second: Readonly<Record<string, unknown>>,
): string | null {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  for (const name of names) {
    if (isDeepStrictEqual(first[name], second[name])) continue;
    return `${name} ${JSON.stringify(first[name] ?? null)} and ${JSON.stringify(second[name] ?? null)}`;
  }
  return null;
}

function requireContiguous(before: Piece, piece: Piece): void {
  const [end, begin] = [before.result.range[1], piece.result.range[0]];
  if (end === begin) return;
  const runs = `runs ${before.result.run} and ${piece.result.run}`;
  if (end > begin && before.shard === null && piece.shard === null) {
    throw new InputError(
      `${piece.where}: two evaluations of ${named(piece)} overlap (${runs}): ${overlap(before, piece)}; give one of them`,
    );
  }
  const flaw =
    end > begin
      ? overlap(before, piece)
      : `samples ${begin === end + 1 ? end : `${end} to ${begin - 1}`} are missing between ${before.where} and this`;
  throw new InputError(
    `${piece.where}: the shards of ${named(piece)} do not fit (${runs}): ${flaw}; each sample must be there once`,
  );
}

/** What two pieces both tell, and on which samples they disagree. */
function overlap(before: Piece, piece: Piece): string {
  const begin = piece.result.range[0];
  const end = Math.min(before.result.range[1], piece.result.range[1]);
  const [first, second] = [before, piece].map(({ result, where }) => ({
    from: result.range[0],
    outcomes: flags(result, where).outcomes,
  }));
  const shared = Array.from({ length: end - begin }, (_, i) => begin + i);
  const differing = shared.filter(
    (sample) => first?.outcomes[sample - first.from] !== second?.outcomes[sample - second.from],
  );
  const listed = `${differing.slice(0, 5).join(", ")}${differing.length > 5 ? ", …" : ""}`;
  const disagree = differing.length === 0 ? "" : ` and disagree on ${differing.length} (${listed})`;
  return `samples ${begin} to ${end - 1} are here and in ${before.where}${disagree}`;
}

function requireAllShards(pieces: readonly Piece[]): void {
  const shards = pieces.flatMap(({ shard }) => (shard === null ? [] : [shard]));
  const total = Number(shards[0]?.split("/")[1] ?? 0);
  const missing = Array.from({ length: total }, (_, i) => `${i + 1}/${total}`).filter((name) => !shards.includes(name));
  const [first] = pieces;
  if (missing.length === 0 || first === undefined || pieces.length > shards.length) return;
  throw new InputError(`${first.where}: ${named(first)}: shard ${missing.join(", ")} is missing; give all ${total}`);
}

function named({ result }: Piece): string {
  return `${result.attack.name} (ε ${result.epsilonText}) on ${result.checkpoint.path}`;
}

function flags(result: AttackResult, where: string): { outcomes: Uint8Array; included: Uint8Array } {
  const [from, to] = result.range;
  if (to < from) throw new InputError(`${where}: range [${from}, ${to}) ends before it begins`);
  const outcomes = decodeOutcomes(result.outcomes, to - from, where);
  const included =
    result.included === undefined
      ? new Uint8Array(to - from).fill(1)
      : decodeOutcomes(result.included, to - from, where);
  if (ones(outcomes) !== result.correct || ones(included) !== result.samples) {
    throw new InputError(
      `${where}: correct ${result.correct} of samples ${result.samples}, but the outcomes have ${ones(outcomes)} of ${ones(included)}`,
    );
  }
  return { outcomes, included };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function ones(bits: Uint8Array): number {
  let sum = 0;
  for (const bit of bits) sum += bit;
  return sum;
}
