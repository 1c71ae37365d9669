/** How a comparison is laid out, by name. */
import type { Comparison } from "./comparison.js";
import { entriesTable } from "./entries.js";
import type { LayoutOptions } from "./layout-options.js";
import { leaderboard, networksTable } from "./networks-table.js";
import { posterTable } from "./poster.js";
import { sweepTable } from "./sweep.js";
import type { Table } from "./table.js";

export const layoutNames = ["poster", "networks", "sweep", "leaderboard", "results"] as const;

export type LayoutName = (typeof layoutNames)[number];

export function layoutTable(layout: LayoutName, comparison: Comparison, options: LayoutOptions): Table {
  if (layout === "results") return entriesTable(comparison, options.names);
  return layouts[layout](comparison, options);
}

const layouts = { poster: posterTable, networks: networksTable, sweep: sweepTable, leaderboard } as const;
