/** What may be asked of a layout. */

export interface LayoutOptions {
  /** Facts and attacks to show, in that order; null for the usual ones. */
  readonly names: readonly string[] | null;
  /** Decimals of percentages; null for one, and two from 10,000 samples. */
  readonly digits: number | null;
  /** What a leaderboard is sorted by; null for the strongest attack. */
  readonly sortBy: string | null;
}
