/** What a reader must know before believing a number of the table. */
import { smallestSurplus } from "../stats/detectable.js";
import { maskingAlarms } from "./alarms.js";
import { type Baselines, mismatchedFields } from "./baseline.js";
import type { Column, Row } from "./comparison.js";
import { chosenBy } from "./facts.js";
import { groupBy } from "./group-by.js";
import { attackTitle } from "./labels.js";
import { publishedNotes } from "./published-notes.js";

/** A sentence each; `ofDifferences`: what `remarksOnDifferences` gives, which stand among them. */
export function remarksOn(
  columns: readonly Column[],
  rows: readonly Row[],
  ofDifferences: readonly string[],
): readonly string[] {
  return [
    ...unfinished(columns),
    ...seeds(columns),
    ...unpairedSeeds(columns),
    ...attackSeeds(columns),
    ...ofDifferences,
    ...selectionRules(columns),
    ...reliability(columns),
    ...maskingAlarms(columns, rows),
    ...publishedNotes(columns.flatMap(({ published }) => published ?? [])),
  ];
}

/** What matters to those alone who see differences. */
export function remarksOnDifferences(rows: readonly Row[]): readonly string[] {
  return [...sharedSamples(rows), ...smallestDifference(rows)];
}

/** Networks that `--baseline` found nothing for, by what it would have had to have. */
export function orphans(columns: readonly Column[], baselines: Baselines): readonly string[] {
  const named = [...new Set(baselines.values())].filter((network) => network !== null);
  return columns.flatMap(({ label, networks }) => {
    const [orphan] = networks.filter((network) => baselines.get(network) === null);
    if (orphan === undefined) return [];
    return [`${label} has no baseline of its ${listed(mismatchedFields(named, orphan))}, so no difference.`];
  });
}

/** `model, data and objective`. */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function unfinished(columns: readonly Column[]): readonly string[] {
  return columns.flatMap(({ label, networks }) => {
    const reasons = networks.flatMap((network) => network.unfinished ?? []);
    return reasons.length === 0 ? [] : [`${label} is not finished: ${[...new Set(reasons)].join("; ")}.`];
  });
}

/** Once for all columns of the same seeds. */
function seeds(columns: readonly Column[]): readonly string[] {
  const own = columns.filter(({ networks }) => networks.length > 0);
  const several = own.filter(({ networks }) => networks.length > 1);
  const seedsOf = ({ networks }: Column) => networks.map(({ checkpoint }) => checkpoint.seed).join(", ");
  return [...groupBy(several, seedsOf)].map(([told, same]) => {
    const which =
      same.length === own.length && own.length > 1 ? "Each network" : same.map(({ label }) => label).join(", ");
    return `${which}: mean ± standard deviation over ${same[0]?.networks.length} seeds (${told}).`;
  });
}

/** Differences go seed by seed: a seed that one of the two lacks is in no difference. */
function unpairedSeeds(columns: readonly Column[]): readonly string[] {
  return columns.flatMap(({ label, networks, baseline }) => {
    if (baseline === null || baseline.networks.length < 2) return [];
    const theirs = baseline.networks.map(({ checkpoint }) => checkpoint.seed);
    const mine = networks.map(({ checkpoint }) => checkpoint.seed);
    const shared = mine.filter((seed) => theirs.includes(seed));
    if (shared.length === mine.length && shared.length === theirs.length) return [];
    const which =
      shared.length === 0 ? "there is no difference" : `the difference is over seed ${shared.join(", ")} alone`;
    return [
      `${label} was trained with seed ${mine.join(", ")}, ${baseline.label} with ${theirs.join(", ")}, so ${which}.`,
    ];
  });
}

function attackSeeds(columns: readonly Column[]): readonly string[] {
  return columns.flatMap(({ label, networks }) =>
    networks.flatMap(({ results, otherSeeds }) =>
      [...results].flatMap(([key, shown]) => {
        const all = [shown, ...(otherSeeds.get(key) ?? [])];
        if (all.length === 1) return [];
        const told = all.map(({ seed, correct, samples }) => `${((100 * correct) / samples).toFixed(2)}% with ${seed}`);
        return [
          `${label}, ${attackTitle(shown)}: ${all.length} results that differ in the attack's seed; the lowest is shown (${told.join(", ")}).`,
        ];
      }),
    ),
  );
}

function sharedSamples(rows: readonly Row[]): readonly string[] {
  const partial = rows
    .flatMap(({ cells }) => cells)
    .flatMap((cell) => {
      const shared = cell?.difference?.samples ?? null;
      return shared !== null && cell?.results.some(({ samples }) => samples > shared) ? [shared] : [];
    });
  return [...new Set(partial)].map((count) => `Differences are over the ${count} samples that both networks share.`);
}

/** For each count of shared samples, of the tests of the family: what McNemar's could at best call a difference, and what it can at the agreement found. */
function smallestDifference(rows: readonly Row[]): readonly string[] {
  const tests = rows
    .flatMap(({ cells }) => cells)
    .flatMap((cell) => {
      const { pairs = null, corrected = null, samples = 0 } = cell?.difference ?? {};
      return pairs === null || corrected === null ? [] : [{ samples, discordant: pairs.onlyFirst + pairs.onlySecond }];
    });
  return [...new Set(tests.map(({ samples }) => samples))].map((samples) => {
    const discordant = new Set(tests.filter((test) => test.samples === samples).map((test) => test.discordant));
    const surpluses = [...discordant].map((count) => smallestSurplus(count));
    const points = (surplus: number) => ((100 * surplus) / samples).toFixed(samples >= 10_000 ? 2 : 1);
    const least = points(Math.min(...surpluses));
    const most = points(Math.max(...surpluses));
    const range = least === most ? least : `${least} to ${most}`;
    return `The smallest difference that ${samples} shared samples can show at p < 0.05, uncorrected: ${range} points, by how many the two networks classify differently.`;
  });
}

function selectionRules(columns: readonly Column[]): readonly string[] {
  const rules = columns.flatMap(({ networks }) => networks.map(chosenBy));
  const known = new Set(rules.filter((rule) => rule !== null));
  return known.size > 1 ? [`The checkpoints were chosen by different rules (${[...known].join(", ")}).`] : [];
}

function reliability(columns: readonly Column[]): readonly string[] {
  return columns.flatMap(({ label, networks }) =>
    networks.flatMap(({ results }) =>
      [...results.values()].flatMap((result) =>
        result.reliability.map(({ message }) => `${label}, ${attackTitle(result)}: ${message}`),
      ),
    ),
  );
}
