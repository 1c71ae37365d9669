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
  const likely = positionsFrom(bits, likelyFloor(bits, kept));
  const candidates = likely.length >= kept ? likely : positionsFrom(bits, 0);
  const magnitudes = magnitudesAt(bits, candidates);
  const { threshold, tiesToPrune } = pruningThreshold(magnitudes, candidates.length - kept);
  return withoutSmallest({ candidates, magnitudes, threshold, tiesToPrune });
}

/** What turns the ascending positions `before` into `after`. */
export function maskChange(before: Uint32Array, after: Uint32Array): MaskChange {
  return { drop: missingFrom(after, before), grow: missingFrom(before, after) };
}

/** The bits of a float without its sign order like its magnitude. */
const MAGNITUDE = 0x7fffffff;

/** Scores looked at for a guess, and how many standard deviations it keeps below what they say: it fails once in 30,000 times. */
const SAMPLES = 4096;
const DEVIATIONS = 4;

/** A magnitude, as bits, that the `kept` largest most likely reach and few others do; 0 where a guess would not pay. */
function likelyFloor(bits: Uint32Array, kept: number): number {
  const stride = Math.floor(bits.length / SAMPLES);
  if (stride < 4) return 0;
  const sample = Uint32Array.from({ length: SAMPLES }, (_, i) => (bits[i * stride] as number) & MAGNITUDE).sort();
  const share = kept / bits.length;
  const rank = Math.ceil(SAMPLES * share + DEVIATIONS * Math.sqrt(SAMPLES * share * (1 - share))) + 1;
  return sample[SAMPLES - rank] ?? 0;
}

/** Ascending positions of magnitudes of at least `floor`. Without a branch: which score is large is not to be foreseen. */
function positionsFrom(bits: Uint32Array, floor: number): Uint32Array {
  const positions = new Uint32Array(bits.length + 1);
  const below = floor - 1;
  let found = 0;
  for (let position = 0; position < bits.length; position++) {
    positions[found] = position;
    // The sign of the difference, which no magnitude makes overflow: 1 from the floor on.
    found = (found + ((below - ((bits[position] as number) & MAGNITUDE)) >>> 31)) | 0;
  }
  return positions.subarray(0, found);
}

function magnitudesAt(bits: Uint32Array, positions: Uint32Array): Uint32Array {
  const magnitudes = new Uint32Array(positions.length);
  for (let i = 0; i < positions.length; i++) {
    magnitudes[i] = (bits[positions[i] as number] as number) & MAGNITUDE;
  }
  return magnitudes;
}

interface Cut {
  /** Ascending positions. */
  readonly candidates: Uint32Array;
  /** Their scores' magnitudes. */
  readonly magnitudes: Uint32Array;
  readonly threshold: number;
  readonly tiesToPrune: number;
}

/** Candidates above the threshold, and those at it that come after the ties to prune. */
function withoutSmallest({ candidates, magnitudes, threshold, tiesToPrune }: Cut): Uint32Array {
  const positions = new Uint32Array(candidates.length + 1);
  let ties = tiesToPrune;
  let found = 0;
  for (let i = 0; i < candidates.length; i++) {
    const magnitude = magnitudes[i] as number;
    positions[found] = candidates[i] as number;
    if (magnitude === threshold && ties > 0) ties--;
    else found = (found + ((threshold - 1 - magnitude) >>> 31)) | 0;
  }
  return positions.slice(0, found);
}

// Selection counts digits instead of comparing: three passes whatever the values and however many are equal.
const DIGITS = [
  { shift: 20, size: 2048 },
  { shift: 10, size: 1024 },
  { shift: 0, size: 1024 },
] as const;

/** The `pruned`-th smallest magnitude, as bits, and how many that equal it are among the pruned. */
function pruningThreshold(magnitudes: Uint32Array, pruned: number): { threshold: number; tiesToPrune: number } {
  if (pruned === 0) return { threshold: 0, tiesToPrune: 0 };
  let prefix = 0;
  let rank = pruned;
  for (const { shift, size } of DIGITS) {
    const { digit, below } = digitOfRank(digitCounts(magnitudes, prefix, shift, size), rank);
    prefix = prefix * size + digit;
    rank -= below;
  }
  return { threshold: prefix, tiesToPrune: rank };
}

/** How often each digit at `shift` follows `prefix`. */
function digitCounts(magnitudes: Uint32Array, prefix: number, shift: number, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  const prefixShift = shift + Math.log2(size);
  const mask = size - 1;
  for (let i = 0; i < magnitudes.length; i++) {
    const magnitude = magnitudes[i] as number;
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
