/** What stands between published numbers and ours, each sentence once for all the networks that it is true of. */
import type { Published } from "../records/events.js";
import { groupBy } from "./group-by.js";
import type { PublishedNetwork } from "./published.js";
import type { AttackedNetwork } from "./results.js";

const OF_ALL =
  "Published numbers have no counts: no interval and no test. How their checkpoints were chosen (by test accuracy, by PGD on the test set, the last) differs from source to source.";

/** `admm 90%, hydra 90% [published: benchmark]: attacked at …`; nothing where no number is published. */
export function publishedNotes(published: readonly PublishedNetwork[]): readonly string[] {
  if (published.length === 0) return [];
  const told = published.flatMap((network) => network.notes.map((note) => ({ network, note })));
  const ofNote = groupBy(told, ({ note }) => note);
  return [OF_ALL, ...[...ofNote].map(([note, same]) => `${named(same.map(({ network }) => network))}: ${note}`)];
}

function named(networks: readonly PublishedNetwork[]): string {
  const ofSource = groupBy(networks, ({ source }) => source);
  return [...ofSource]
    .map(([source, some]) => `${some.map(({ name }) => name).join(", ")} [published: ${source}]`)
    .join("; ");
}

/** On one network: sentences on radius, extra data, kind of density and the records' own notes. */
export function notesOn(records: readonly Published[], networks: readonly AttackedNetwork[]): readonly string[] {
  const some = (holds: (record: Published) => boolean) => records.some(holds);
  const isNear = (epsilon: number) =>
    networks.some(({ results }) => [...results.values()].some((ours) => ours.epsilon === epsilon));
  const notes = [
    some(({ epsilon }) => epsilon === 0.031 && !isNear(epsilon))
      ? "attacked at ε 0.031, not 8/255: roughly 0.4 points more robust accuracy (an estimate)."
      : null,
    some(({ extraData }) => extraData !== null)
      ? `trained with extra data (${records[0]?.extraData}); under PGD that was worth about 6 points dense, 4 at 90%, 0.6 at 99% sparsity on the poster.`
      : null,
    some(({ densityKind }) => densityKind === "per-layer")
      ? "the density is that of every layer, ours of the whole network: equal parameter counts, other multiply-adds."
      : null,
    some(({ confidence }) => confidence === "inferred-attack")
      ? "the source does not name the attack; it is inferred."
      : null,
    some(({ confidence }) => confidence === "read-off-curve") ? "read off a curve, within a point." : null,
  ];
  const own = records.flatMap(({ note }) => note ?? []);
  return [...notes.filter((note) => note !== null), ...new Set(own)];
}
