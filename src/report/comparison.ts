/** The comparison itself: networks beside each other, attack by attack, with intervals, differences and paired tests. */
import { countPairs, mcnemarExact, type Pairs } from "../stats/mcnemar.js";
import { type Interval, wilsonInterval } from "../stats/wilson.js";
import type { Baselines } from "./baseline.js";
import { requireComparable } from "./comparability.js";
import { attackTitle, networkLabels } from "./labels.js";
import { orphans, remarksOn } from "./remarks.js";
import type { AttackedNetwork, Collected } from "./results.js";
import type { MergedResult } from "./shards.js";

export interface Column {
  readonly label: string;
  readonly network: AttackedNetwork;
  /** The column that this one is measured against; null for a baseline, and where there is none. */
  readonly baseline: Column | null;
}

/** One network under one attack. */
export interface Cell {
  readonly result: MergedResult;
  readonly accuracy: number;
  readonly interval: Interval;
  readonly difference: Difference | null;
}

/** A network against its baseline, on the samples that both were attacked on. */
export interface Difference {
  /** Accuracy minus the baseline's, a fraction. */
  readonly value: number;
  readonly samples: number;
  /** First: this network; second: its baseline. */
  readonly pairs: Pairs;
  /** McNemar's exact test, two-sided. */
  readonly p: number;
}

export interface Row {
  readonly title: string;
  /** One a column; null where the network was not attacked so. */
  readonly cells: readonly (Cell | null)[];
}

export interface Comparison {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What a reader must know before believing a number. */
  readonly remarks: readonly string[];
}

/**
 * Puts the networks side by side, baselines first. InputError where the same attack stands for different recipes, images or
 * radii.
 */
export function compareNetworks(collected: Collected, baselines: Baselines = new Map()): Comparison {
  const first = new Set([...baselines.values()].filter((network) => network !== null));
  const networks = [...first, ...collected.networks.filter((network) => !first.has(network))];
  const columns = columnsOf(networks, baselines);
  requireComparable(columns);
  const keys = new Set(networks.flatMap((network) => [...network.results.keys()]));
  const rows = [...keys].map((key) => rowOf(key, columns));
  return {
    columns,
    rows,
    remarks: [
      ...remarksOn(columns, rows),
      ...orphans(columns, baselines),
      ...collected.unfinishedRuns.map((run) => `Unfinished: ${run}.`),
    ],
  };
}

function columnsOf(networks: readonly AttackedNetwork[], baselines: Baselines): readonly Column[] {
  const labels = networkLabels(networks);
  const made = new Map<AttackedNetwork, Column>();
  for (const [i, network] of networks.entries()) {
    const baseline = made.get(baselines.get(network) ?? network) ?? null;
    made.set(network, { label: labels[i] ?? "", network, baseline });
  }
  return [...made.values()];
}

function rowOf(key: string, columns: readonly Column[]): Row {
  const results = columns.map(({ network }) => network.results.get(key) ?? null);
  const [first] = results.filter((result) => result !== null);
  const cells = columns.map(({ baseline }, i) => {
    const result = results[i] ?? null;
    return result === null || result.samples === 0 ? null : cellOf(result, baseline?.network.results.get(key) ?? null);
  });
  return { title: first === undefined ? key : attackTitle(first), cells };
}

function cellOf(result: MergedResult, baseline: MergedResult | null): Cell {
  return {
    result,
    accuracy: result.correct / result.samples,
    interval: wilsonInterval(result.correct, result.samples),
    difference: baseline === null ? null : differenceOf(result, baseline),
  };
}

/** Null where the two share no sample. */
function differenceOf(result: MergedResult, baseline: MergedResult): Difference | null {
  const from = Math.max(result.range[0], baseline.range[0]);
  const to = Math.min(result.range[1], baseline.range[1]);
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let sample = from; sample < to; sample++) {
    const [here, there] = [sample - result.range[0], sample - baseline.range[0]];
    if (result.included[here] !== 1 || baseline.included[there] !== 1) continue;
    mine.push(result.outcomes[here] ?? 0);
    theirs.push(baseline.outcomes[there] ?? 0);
  }
  if (mine.length === 0) return null;
  const pairs = countPairs(Uint8Array.from(mine), Uint8Array.from(theirs));
  const value = (pairs.onlyFirst - pairs.onlySecond) / mine.length;
  return { value, samples: mine.length, pairs, p: mcnemarExact(pairs.onlyFirst, pairs.onlySecond) };
}
