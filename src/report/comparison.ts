/** The comparison itself: networks beside each other, attack by attack, with intervals, differences and paired tests. */
import type { Spread } from "../stats/spread.js";
import type { Interval } from "../stats/wilson.js";
import type { Difference } from "./difference.js";
import type { Experiment } from "./experiments.js";
import type { PublishedNetwork } from "./published.js";
import type { MergedResult } from "./shards.js";

export interface Column {
  readonly label: string;
  /** One, or one a seed; none where the numbers are published ones. */
  readonly networks: Experiment;
  readonly published: PublishedNetwork | null;
  /** The column that this one is measured against; null for a baseline, and where there is none. */
  readonly baseline: Column | null;
}

/** One network under one attack. */
export interface Cell {
  /** One a seed; none where the number is published. */
  readonly results: readonly MergedResult[];
  /** The mean over the seeds. */
  readonly accuracy: number;
  /** Wilson's, of a single network. */
  readonly interval: Interval | null;
  /** Over the seeds, where there are several. */
  readonly spread: Spread | null;
  readonly difference: Difference | null;
}

export interface Row {
  readonly key: string;
  readonly title: string;
  /** What the row's results share. */
  readonly attack: Pick<MergedResult, "name" | "norm" | "epsilon" | "epsilonText">;
  /** Digest of the network that the images were crafted on; null where that was the attacked one itself. */
  readonly source: string | null;
  /** One a column; null where the network was not attacked so. */
  readonly cells: readonly (Cell | null)[];
}

/** How many tests were corrected together. */
export interface Family {
  /** Of the table. */
  readonly shown: number;
  /** That a gate asks for and the table leaves out. */
  readonly besides: number;
}

export interface Comparison {
  readonly columns: readonly Column[];
  /** The strongest attack last. */
  readonly rows: readonly Row[];
  readonly family: Family;
  /** What a reader must know before believing a number. */
  readonly remarks: readonly string[];
  /** Those of the remarks that are on differences, for tables that show none. */
  readonly ofDifferences: readonly string[];
}

/** Those whose images were crafted on the attacked network itself. */
export function ownRows(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ source }) => source === null);
}

/** Of those the last, hence the strongest, in which most networks have a number. */
export function strongestRow({ rows }: Comparison): Row | undefined {
  const own = ownRows(rows);
  const filled = own.map(({ cells }) => cells.filter((cell) => cell !== null).length);
  const most = Math.max(0, ...filled);
  return own.filter((_, i) => filled[i] === most).at(-1);
}
