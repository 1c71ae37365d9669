/** HYDRA's hard mask: the largest scores by magnitude in each layer are kept (Sehwag et al. 2020, section 2). */

/** What a mask loses and wins, ascending. */
export interface MaskChange {
  readonly drop: Uint32Array;
  readonly grow: Uint32Array;
}

/**
 * Entries that a layer of `size` weights keeps at `density`: size - trunc((1 - density) * size) in doubles, so usually one
 * more than floor(density * size) and never none.
 */
export function keptCount(density: number, size: number): number {
  return size - Math.trunc((1 - density) * size);
}

/**
 * Ascending positions of the `kept` largest |scores|. Among equal magnitudes the lower position goes first, so the mask is a
 * function of the scores alone. Scores must not be NaN.
 */
export function keepLargest(scores: Float32Array, kept: number): Uint32Array {
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const { threshold, tiesToPrune } = pruningThreshold(bits, scores.length - kept);
  const positions = new Uint32Array(kept);
  let ties = tiesToPrune;
  let next = 0;
  for (let position = 0; position < bits.length; position++) {
    const magnitude = (bits[position] as number) & MAGNITUDE;
    if (magnitude < threshold) continue;
    if (magnitude === threshold && ties > 0) ties--;
    else positions[next++] = position;
  }
  return positions;
}

/** What turns the ascending positions `before` into `after`. */
export function maskChange(before: Uint32Array, after: Uint32Array): MaskChange {
  return { drop: missingFrom(after, before), grow: missingFrom(before, after) };
}

// The bits of a float without its sign order like its magnitude, so selection counts digits instead of comparing floats:
// three passes whatever the values and however many are equal.
const MAGNITUDE = 0x7fffffff;
const DIGITS = [
  { shift: 20, size: 2048 },
  { shift: 10, size: 1024 },
  { shift: 0, size: 1024 },
] as const;

/** The `pruned`-th smallest magnitude, as bits, and how many that equal it are among the pruned. */
function pruningThreshold(bits: Uint32Array, pruned: number): { threshold: number; tiesToPrune: number } {
  if (pruned === 0) return { threshold: 0, tiesToPrune: 0 };
  let prefix = 0;
  let rank = pruned;
  for (const { shift, size } of DIGITS) {
    const { digit, below } = digitOfRank(digitCounts(bits, prefix, shift, size), rank);
    prefix = prefix * size + digit;
    rank -= below;
  }
  return { threshold: prefix, tiesToPrune: rank };
}

/** How often each digit at `shift` follows `prefix`. */
function digitCounts(bits: Uint32Array, prefix: number, shift: number, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  const prefixShift = shift + Math.log2(size);
  const mask = size - 1;
  for (let position = 0; position < bits.length; position++) {
    const magnitude = (bits[position] as number) & MAGNITUDE;
    // A shift by 31 leaves nothing of a magnitude, so the first pass counts all.
    if (magnitude >>> prefixShift !== prefix) continue;
    const digit = (magnitude >>> shift) & mask;
    counts[digit] = (counts[digit] as number) + 1;
  }
  return counts;
}

/** The digit that holds the rank-th smallest (from 1) and how many lie below it. */
function digitOfRank(counts: Uint32Array, rank: number): { digit: number; below: number } {
  let below = 0;
  for (const [digit, count] of counts.entries()) {
    if (below + count >= rank) return { digit, below };
    below += count;
  }
  throw new RangeError(`rank ${rank} is past the ${below} entries counted`);
}

/** Entries of `from` that `sorted` lacks; both ascending. */
function missingFrom(sorted: Uint32Array, from: Uint32Array): Uint32Array {
  let other = 0;
  return from.filter((position) => {
    while (other < sorted.length && (sorted[other] as number) < position) other++;
    return other === sorted.length || sorted[other] !== position;
  });
}
