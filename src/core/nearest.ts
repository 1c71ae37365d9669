/** The name that someone probably meant: for messages about unknown flags, keys, models and attacks. */

/**
 * The candidate with the fewest edits to `name`, at most a third of its letters (and at least one); else the only one that `name`
 * abbreviates; null when none is that near.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const known = new Set(candidates);
  return fewestEdits(name, known) ?? abbreviated(name, known);
}

function abbreviated(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  const [only, ...others] = wanted === "" ? [] : [...candidates].filter((one) => one.toLowerCase().startsWith(wanted));
  return only === undefined || others.length > 0 ? null : only;
}

function fewestEdits(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const count = edits(wanted, candidate.toLowerCase());
    if (count < fewest) [best, fewest] = [candidate, count];
  }
  return best;
}

/** The candidates that begin with `name`, as an abbreviation does; else the nearest, if one is near. */
export function meant(name: string, candidates: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  const longer = wanted === "" ? [] : candidates.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  if (longer.length > 0) return longer;
  const near = nearest(name, candidates);
  return near === null ? [] : [near];
}

/** `; did you mean "vgg16"?`, or the empty string when no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === null ? "" : `; did you mean "${near}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (Damerau 1964). */
function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
