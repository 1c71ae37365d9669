/** Published numbers beside ours: those for the same data, model, density and attack, marked, with what stands between them. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Published } from "../records/events.js";
import { transferSource } from "./attack-key.js";
import { groupBy } from "./group-by.js";
import { notesOn } from "./published-notes.js";
import type { AttackedNetwork } from "./results.js";
import type { MergedResult } from "./shards.js";

/** All numbers of one source for one network: a column. */
export interface PublishedNetwork {
  readonly label: string;
  /** The label without its source. */
  readonly name: string;
  readonly source: string;
  readonly records: readonly Published[];
  /** How far they can be compared with ours. */
  readonly notes: readonly string[];
}

/** 8/255 and the 0.031 of older code are one column, with a note; 4/255 is not. */
const RADIUS_TOLERANCE = 0.02;
const DENSITY_TOLERANCE = 0.01;

/**
 * What `names` (sources, methods, or `all`) tell of the networks' data, models and densities. Of a source that knows an objective
 * of ours only that objective. UsageError for a name that no record has.
 */
export function selectPublished(
  names: readonly string[],
  records: readonly Published[],
  networks: readonly AttackedNetwork[],
): readonly PublishedNetwork[] {
  const known = new Set(["all", ...records.flatMap(({ source, method }) => [source, method])]);
  for (const name of names) if (!known.has(name)) throw new UsageError(unknown(name, [...known]));
  const asked = askedRecords(names, records);
  const matching = asked.filter((record) => networks.some((network) => isSameNetwork(record, network)));
  const groups = [...groupBy(ofOurObjectives(matching, networks), networkKey).values()];
  return groups.map((group) => described(group, networks)).filter((published) => isBeside(published, networks));
}

/** Those of the sources and methods named. */
export function askedRecords(names: readonly string[], records: readonly Published[]): readonly Published[] {
  const isAsked = (name: string) => names.includes("all") || names.includes(name);
  return records.filter(({ source, method }) => isAsked(source) || isAsked(method));
}

/** Whether it has a number for an attack that we ran. */
function isBeside(published: PublishedNetwork, networks: readonly AttackedNetwork[]): boolean {
  return networks.some(({ results }) =>
    [...results.values()].some((attack) => publishedResult(published, attack) !== null),
  );
}

/** The accuracy published under the attack of a row, or null. */
export function publishedResult({ records }: PublishedNetwork, attack: MergedResult): number | null {
  if (transferSource(attack.recipe) !== null) return null;
  const found = records.find((record) => isSameAttack(record, attack) && record.data.name === attack.data.name);
  return found?.accuracy ?? null;
}

/** Of one name and one ball. */
export function isSameAttack(record: Published, { name, norm, epsilon }: MergedResult): boolean {
  const isNear = Math.abs(record.epsilon - epsilon) <= RADIUS_TOLERANCE * epsilon;
  return record.attack.name === name && (name === "clean" || (record.norm === norm && isNear));
}

function unknown(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `--published ${name}: no published numbers have that source or method; ${near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`}`;
}

function isSameNetwork(record: Published, network: AttackedNetwork): boolean {
  return isSameData(record, network) && isSameModel(record, network) && isSameDensity(record, network);
}

export function isSameData({ data }: Published, { checkpoint }: AttackedNetwork): boolean {
  return data.name === checkpoint.data?.name;
}

export function isSameModel({ model }: Published, { checkpoint }: AttackedNetwork): boolean {
  return model.name === checkpoint.model?.name && (model.width ?? 1) === (checkpoint.model.width ?? 1);
}

export function isSameDensity({ density }: Published, { checkpoint }: AttackedNetwork): boolean {
  return Math.abs(density - (checkpoint.density ?? 1)) <= DENSITY_TOLERANCE * density;
}

function ofOurObjectives(records: readonly Published[], networks: readonly AttackedNetwork[]): readonly Published[] {
  const ours = new Set(networks.map(({ checkpoint }) => checkpoint.objective));
  const isOurs = ({ objective }: Published) => objective === null || ours.has(objective);
  const bySource = groupBy(records, ({ source, method }) => `${source} ${method}`);
  return [...bySource.values()].flatMap((group) => (group.some(isOurs) ? group.filter(isOurs) : group));
}

function networkKey(record: Published): string {
  const { source, method, model, data, density, objective, extraData } = record;
  return JSON.stringify([source, method, model, data.name, density, objective, extraData, record.label]);
}

function described(records: readonly Published[], networks: readonly AttackedNetwork[]): PublishedNetwork {
  const [first] = records;
  if (first === undefined) throw new Error("a published network without a number");
  const parts = [first.method, first.objective, `${Number((100 - 100 * first.density).toPrecision(4))}%`, first.label];
  const name = parts.filter((part) => typeof part === "string").join(" ");
  const label = `${name} [published: ${first.source}]`;
  return { label, name, source: first.source, records, notes: notesOn(records, networks) };
}
