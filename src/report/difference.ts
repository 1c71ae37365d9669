/** A network against its baseline: on the samples that both were attacked on, and seed by seed where there are several. */
import { countPairs, mcnemarExact, type Pairs } from "../stats/mcnemar.js";
import { newcombePaired } from "../stats/newcombe.js";
import { pairedSpread, spreadOf } from "../stats/spread.js";
import type { Interval } from "../stats/wilson.js";
import type { Experiment } from "./experiments.js";
import type { MergedResult } from "./shards.js";

export interface Difference {
  /** Accuracy minus the baseline's on the shared samples, a fraction; the mean over the seeds. */
  readonly value: number;
  /** Shared by a network and its baseline; the fewest of any seed. */
  readonly samples: number;
  /** First: this network; second: its baseline. Null over several seeds. */
  readonly pairs: Pairs | null;
  /** 95 %: Newcombe's for paired outcomes; Student's over paired seeds. */
  readonly interval: Interval | null;
  /** Two-sided: McNemar's exact test; over paired seeds the t test. Null where seeds cannot be paired. */
  readonly p: number | null;
  /** The same after Holm's correction over its family; null for a test that is in none. */
  readonly corrected: number | null;
  /** How many seeds; 1 for a single pair of networks. */
  readonly seeds: number;
  /** Standard deviation over the seeds. */
  readonly deviation: number | null;
}

/** Under the attack of a row. Null where the two share no sample. */
export function differenceOf(networks: Experiment, baselines: Experiment, key: string): Difference | null {
  if (networks.length === 1 && baselines.length === 1)
    return ofOne(networks[0]?.results.get(key), baselines[0]?.results.get(key));
  const isPaired = baselines.length > 1;
  const [only] = baselines;
  const singles = networks.flatMap((network) => {
    const { seed } = network.checkpoint;
    const baseline = isPaired ? baselines.find(({ checkpoint }) => checkpoint.seed === seed) : only;
    return ofOne(network.results.get(key), baseline?.results.get(key)) ?? [];
  });
  const [first] = singles;
  if (first === undefined || singles.length === 1) return first ?? null;
  const values = singles.map(({ value }) => value);
  const { mean, deviation } = spreadOf(values);
  // Against one and the same network the differences of the seeds are not independent: no test.
  const { interval, p } = isPaired ? pairedSpread(values) : { interval: null, p: null };
  const samples = Math.min(...singles.map((single) => single.samples));
  return {
    ...{ value: mean, samples, pairs: null, interval, p, corrected: null },
    seeds: values.length,
    deviation,
  };
}

function ofOne(result: MergedResult | undefined, baseline: MergedResult | undefined): Difference | null {
  if (result === undefined || baseline === undefined) return null;
  const pairs = sharedPairs(result, baseline);
  const samples = pairs.both + pairs.onlyFirst + pairs.onlySecond + pairs.neither;
  if (samples === 0) return null;
  const p = mcnemarExact(pairs.onlyFirst, pairs.onlySecond);
  return {
    value: (pairs.onlyFirst - pairs.onlySecond) / samples,
    ...{ samples, pairs, interval: newcombePaired(pairs), p, corrected: null, seeds: 1, deviation: null },
  };
}

function sharedPairs(result: MergedResult, baseline: MergedResult): Pairs {
  const from = Math.max(result.range[0], baseline.range[0]);
  const to = Math.max(from, Math.min(result.range[1], baseline.range[1]));
  const here = (flags: Uint8Array) => flags.subarray(from - result.range[0], to - result.range[0]);
  const there = (flags: Uint8Array) => flags.subarray(from - baseline.range[0], to - baseline.range[0]);
  const mine = here(result.outcomes);
  const theirs = there(baseline.outcomes);
  if (result.samples === result.outcomes.length && baseline.samples === baseline.outcomes.length) {
    return countPairs(mine, theirs);
  }
  const theirIncluded = there(baseline.included);
  const isShared = here(result.included).map((flag, i) => flag & (theirIncluded[i] ?? 0));
  const shared = (flags: Uint8Array) => flags.filter((_, i) => isShared[i] === 1);
  return countPairs(shared(mine), shared(theirs));
}
