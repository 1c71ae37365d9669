/** Networks of one experiment: trained alike but for the seed, and shown as one, with the spread over the seeds. */
import { groupBy } from "./group-by.js";
import type { AttackedNetwork } from "./results.js";

/** One network, or several with a seed each, in the order of their seeds. */
export type Experiment = readonly AttackedNetwork[];

/** In the order of their first networks. A network that repeats a seed of its experiment stands alone. */
export function experimentsOf(networks: readonly AttackedNetwork[]): readonly Experiment[] {
  const groups = groupBy(networks, experimentKey);
  return [...groups.values()].flatMap((group): readonly Experiment[] => {
    const seeds = new Set(group.map(({ checkpoint }) => checkpoint.seed));
    if (seeds.has(undefined) || seeds.size < group.length) return group.map((network) => [network]);
    return [[...group].sort((a, b) => (a.checkpoint.seed ?? 0) - (b.checkpoint.seed ?? 0))];
  });
}

/** Config keys that change the files or the time of a run, not what it trains; the seed is what may differ. */
const INCIDENTAL = new Set([
  "seed",
  "out",
  "threads",
  "engine",
  "dataDir",
  "logEvery",
  "checkpointEvery",
  "maxMinutes",
]);

function experimentKey({ checkpoint, selection, maker }: AttackedNetwork): string {
  const { method, model, data, density, objective, role, phase, parent } = checkpoint;
  const config = Object.entries(maker?.config ?? {}).filter(([key]) => !INCIDENTAL.has(key));
  // Pruning keeps a rounded share of each layer, so two densities that are meant to be one agree in three digits.
  const share = density?.toPrecision(3);
  // A network pruned from another has that one's digest as its parent, which differs from seed to seed.
  const isPruned = parent !== undefined && parent !== null;
  return JSON.stringify([method, model, data?.name, share, objective, role, phase, isPruned, selection, config.sort()]);
}
