/** Makes the comparison of networks: which columns and rows there are, and the numbers in them. */
import { spreadOf } from "../stats/spread.js";
import { wilsonInterval } from "../stats/wilson.js";
import { attackRank, transferSource } from "./attack-key.js";
import type { Baselines } from "./baseline.js";
import { requireComparable, rowTitles } from "./comparability.js";
import type { Cell, Column, Comparison, Row } from "./comparison.js";
import { differenceOf } from "./difference.js";
import { experimentsOf } from "./experiments.js";
import { type Asked, corrected } from "./family.js";
import { networkLabels } from "./labels.js";
import { type PublishedNetwork, publishedResult } from "./published.js";
import { orphans, remarksOn, remarksOnDifferences } from "./remarks.js";
import type { AttackedNetwork, Collected } from "./results.js";
import type { MergedResult } from "./shards.js";

export interface ComparisonOptions {
  readonly baselines?: Baselines;
  readonly published?: readonly PublishedNetwork[];
  /** Let results of one name but different recipes or images stand in rows of their own, instead of refusing them. */
  readonly mixed?: boolean;
  /** Whose tests are corrected together; all without it. */
  readonly asked?: Asked;
}

/**
 * Puts the networks side by side, baselines first and published ones last; networks that differ in their seed alone are one
 * column. InputError where the same attack stands for different recipes, images or radii, unless `mixed`.
 */
export function compareNetworks(collected: Collected, options: ComparisonOptions = {}): Comparison {
  const { baselines = new Map(), published = [], mixed = false, asked = { shown: null, gate: null } } = options;
  const first = new Set([...baselines.values()].filter((network) => network !== null));
  const networks = [...first, ...collected.networks.filter((network) => !first.has(network))];
  if (!mixed) requireComparable(networks);
  const columns = [...columnsOf(networks, baselines), ...published.map(publishedColumn)];
  const { rows, family } = corrected(rowsOf(networks, columns), asked);
  const ofDifferences = remarksOnDifferences(rows);
  return {
    columns,
    rows,
    family,
    ofDifferences,
    remarks: [
      ...remarksOn(columns, rows, ofDifferences),
      ...orphans(columns, baselines),
      ...collected.unfinishedRuns.map((run) => `Unfinished: ${run}.`),
    ],
  };
}

function columnsOf(networks: readonly AttackedNetwork[], baselines: Baselines): readonly Column[] {
  const experiments = experimentsOf(networks);
  const labels = networkLabels(experiments);
  const made = new Map<AttackedNetwork, Column>();
  return experiments.map((experiment, i) => {
    const baseline = experiment.map((network) => made.get(baselines.get(network) ?? network)).find(Boolean) ?? null;
    const column = { label: labels[i] ?? "", networks: experiment, published: null, baseline };
    for (const network of experiment) made.set(network, column);
    return column;
  });
}

function publishedColumn(published: PublishedNetwork): Column {
  return { label: published.label, networks: [], published, baseline: null };
}

function rowsOf(networks: readonly AttackedNetwork[], columns: readonly Column[]): readonly Row[] {
  const results = new Map<string, MergedResult>();
  for (const network of networks) {
    for (const [key, result] of network.results) if (!results.has(key)) results.set(key, result);
  }
  const titles = rowTitles([...results.values()], labelsByDigest(columns));
  return [...results]
    .map(([key, attack], i) => ({
      key,
      title: titles[i] ?? key,
      attack,
      source: transferSource(attack.recipe),
      cells: columns.map((column) => cellOf(column, key, attack)),
    }))
    .sort((a, b) => rankOf(a) - rankOf(b));
}

function labelsByDigest(columns: readonly Column[]): ReadonlyMap<string, string> {
  return new Map(
    columns.flatMap(({ label, networks }) => networks.map(({ checkpoint }) => [checkpoint.sha256, label] as const)),
  );
}

/** Images of another network come just before those of the attacked one: they are the weaker attack. */
function rankOf({ attack, source }: Row): number {
  return attackRank(attack.name) - (source === null ? 0 : 1e-6);
}

function cellOf(column: Column, key: string, attack: MergedResult): Cell | null {
  if (column.published !== null) {
    const accuracy = publishedResult(column.published, attack);
    return accuracy === null ? null : { results: [], accuracy, interval: null, spread: null, difference: null };
  }
  const results = attacked(column, key);
  const [only] = results;
  if (only === undefined) return null;
  const accuracies = results.map(({ correct, samples }) => correct / samples);
  const spread = accuracies.length > 1 ? spreadOf(accuracies) : null;
  return {
    results,
    accuracy: spread?.mean ?? only.correct / only.samples,
    interval: spread === null ? wilsonInterval(only.correct, only.samples) : null,
    spread,
    difference: column.baseline === null ? null : differenceOf(column.networks, column.baseline.networks, key),
  };
}

function attacked({ networks }: Column, key: string): readonly MergedResult[] {
  return networks.flatMap(({ results }) => results.get(key) ?? []).filter(({ samples }) => samples > 0);
}
