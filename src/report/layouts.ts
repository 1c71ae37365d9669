/** How a comparison is laid out, by name. */
import type { Comparison } from "./comparison.js";
import { entriesTable } from "./entries.js";
import { leaderboard, networksTable } from "./networks-table.js";
import { posterTable } from "./poster.js";
import { sweepTable } from "./sweep.js";
import type { Table } from "./table.js";

export const layoutNames = ["poster", "networks", "sweep", "leaderboard", "results"] as const;

export type LayoutName = (typeof layoutNames)[number];

export interface LayoutOptions {
  /** Facts and attacks to show, in that order; null for the usual ones. */
  readonly names: readonly string[] | null;
  /** Decimals of percentages; null for one, and two from 10,000 samples. */
  readonly digits: number | null;
  /** What a leaderboard is sorted by; null for the strongest attack. */
  readonly sortBy: string | null;
}

export function layoutTable(layout: LayoutName, comparison: Comparison, options: LayoutOptions): Table {
  if (layout === "results") return entriesTable(comparison, options.names);
  return layouts[layout](comparison, options);
}

const layouts = { poster: posterTable, networks: networksTable, sweep: sweepTable, leaderboard } as const;
