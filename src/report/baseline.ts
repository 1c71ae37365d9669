/** Which network each one is measured against: `--baseline FILE|RUN|METHOD`, looked up in that order. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { experimentsOf } from "./experiments.js";
import type { AttackedNetwork } from "./results.js";

/** Two densities count as the same within this share: 10 % of the weights and 1,095 of 10,952 are meant to be one. */
const DENSITY_TOLERANCE = 0.01;

/** The baseline of each network that is none itself; null where no baseline is its counterpart. */
export type Baselines = ReadonlyMap<AttackedNetwork, AttackedNetwork | null>;

/**
 * `isFile`: whether the name was read as a file. UsageError where the name is neither a file nor a run nor a method in the
 * streams, where it leaves a choice for a network, or where it is no network's counterpart.
 */
export function findBaselines(name: string, isFile: boolean, networks: readonly AttackedNetwork[]): Baselines {
  const inFile = networks.filter((network) => isFile && network.files.has(name));
  const inRun = networks.filter((network) => network.runs.has(name));
  const byMethod = networks.filter((network) => network.checkpoint.method === name);
  const named = isFile ? inFile : inRun.length > 0 ? inRun : byMethod;
  if (named.length === 0) throw new UsageError(missing(name, isFile, networks));
  const others = networks.filter((network) => !named.includes(network));
  // One network that was named itself is the baseline of all; a method's or a larger file's have to match.
  const isChosen = named.length === 1 && named !== byMethod;
  const baselines = new Map(
    others.map((network) => [network, isChosen ? (named[0] ?? null) : counterpart(name, named, network)]),
  );
  if (others.length > 0 && [...baselines.values()].every((baseline) => baseline === null)) {
    throw new UsageError(`--baseline ${name}: no other network has its model, data, density and objective`);
  }
  return baselines;
}

function counterpart(
  name: string,
  named: readonly AttackedNetwork[],
  network: AttackedNetwork,
): AttackedNetwork | null {
  const candidates = named.filter((candidate) => isCounterpart(candidate, network));
  const ofSeed = candidates.filter(({ checkpoint }) => checkpoint.seed === network.checkpoint.seed);
  const [best = null] = ofSeed.length === 1 ? ofSeed : candidates;
  if (candidates.length <= 1 || experimentsOf(candidates).length === 1) return best;
  const paths = candidates.map(({ checkpoint }) => checkpoint.path).join(", ");
  throw new UsageError(
    `--baseline ${name}: ${candidates.length} networks could be the baseline of ${network.checkpoint.path} (${paths}); name one by its run`,
  );
}

/** Same model, data, density and objective; what is dense is measured against at every density. */
function isCounterpart(candidate: AttackedNetwork, network: AttackedNetwork): boolean {
  const [a, b] = [candidate.checkpoint, network.checkpoint];
  return (
    a.model?.name === b.model?.name &&
    (a.model?.width ?? 1) === (b.model?.width ?? 1) &&
    a.data?.name === b.data?.name &&
    a.objective === b.objective &&
    (a.density === 1 || Math.abs((a.density ?? 1) - (b.density ?? 1)) <= DENSITY_TOLERANCE * (b.density ?? 1))
  );
}

function missing(name: string, isFile: boolean, networks: readonly AttackedNetwork[]): string {
  if (isFile) return `--baseline ${name}: the file holds no attack.result`;
  const methods = [...new Set(networks.flatMap(({ checkpoint }) => checkpoint.method ?? []))];
  const runs = [...new Set(networks.flatMap((network) => [...network.runs]))];
  const near = nearest(name, [...methods, ...runs]);
  const hint =
    near === null ? `the methods are ${methods.join(", ")}; the runs ${runs.join(", ")}` : `did you mean ${near}?`;
  return `--baseline ${name}: there is no such file, run or method; ${hint}`;
}
