/** Which network each one is measured against: `--baseline FILE|RUN|METHOD`, looked up in that order. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { shortDensity } from "./density.js";
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
    throw new UsageError(`--baseline ${name}: it is no other network's counterpart: ${nearestMiss(named, others)}`);
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

function isCounterpart(candidate: AttackedNetwork, network: AttackedNetwork): boolean {
  return mismatches(candidate, network).length === 0;
}

/** Where the two that are most alike differ. */
function nearestMiss(named: readonly AttackedNetwork[], others: readonly AttackedNetwork[]): string {
  const pairs = others.flatMap((network) => named.map((candidate) => ({ candidate, network })));
  const missed = pairs.map((pair) => ({ ...pair, fields: mismatches(pair.candidate, pair.network) }));
  const [best] = missed.sort((a, b) => a.fields.length - b.fields.length);
  if (best === undefined) throw new Error("no network to match");
  const { candidate, network, fields } = best;
  const told = fields.map(({ field, theirs, ours }) => `${field} ${theirs}, not ${ours}`).join("; ");
  return `${candidate.checkpoint.path} has ${told} as ${network.checkpoint.path}`;
}

/** Of a network that no baseline was found for: the fields in which the nearest of `named` differs. */
export function mismatchedFields(named: readonly AttackedNetwork[], network: AttackedNetwork): readonly string[] {
  const each = named.map((candidate) => mismatches(candidate, network).map(({ field }) => field));
  return each.sort((a, b) => a.length - b.length)[0] ?? [];
}

interface Mismatch {
  readonly field: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Model, data, density and objective have to be the same; what is dense is measured against at every density. */
function mismatches(candidate: AttackedNetwork, network: AttackedNetwork): readonly Mismatch[] {
  const [a, b] = [candidate.checkpoint, network.checkpoint];
  const [theirs, ours] = [a.density ?? 1, b.density ?? 1];
  const fits = a.density === 1 || Math.abs(theirs - ours) <= DENSITY_TOLERANCE * ours;
  const told = [
    { field: "model", theirs: modelText(a.model), ours: modelText(b.model) },
    { field: "data", theirs: a.data?.name ?? "unknown", ours: b.data?.name ?? "unknown" },
    { field: "objective", theirs: a.objective ?? "unknown", ours: b.objective ?? "unknown" },
  ].filter((field) => field.theirs !== field.ours);
  return fits ? told : [...told, { field: "density", theirs: shortDensity(theirs), ours: shortDensity(ours) }];
}

function modelText(model: AttackedNetwork["checkpoint"]["model"]): string {
  return model === undefined ? "unknown" : `${model.name}${(model.width ?? 1) === 1 ? "" : ` ×${model.width}`}`;
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
