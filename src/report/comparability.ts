/** What may stand in one table: results of the same recipe on the same images. */
import { InputError } from "../core/errors.js";
import { transferSource } from "./attack-key.js";
import { groupBy } from "./group-by.js";
import { attackTitle } from "./labels.js";
import type { AttackedNetwork } from "./results.js";
import { type MergedResult, recipeDifference } from "./shards.js";

const REMEDY = "only results of one recipe can be compared (--mixed gives each recipe a row of its own)";

/** InputError unless one name means one thing: the same constants, the same images, and a radius in common. */
export function requireComparable(networks: readonly AttackedNetwork[]): void {
  const first = new Map<string, MergedResult>();
  for (const network of networks) {
    for (const result of network.results.values()) {
      const { name, norm, epsilon, data } = result;
      const key = JSON.stringify([name, norm, epsilon, data.name, data.split, transferSource(result.recipe)]);
      const other = first.get(key) ?? result;
      first.set(key, other);
      const difference = differenceOf(other, result);
      if (difference === null) continue;
      throw new InputError(
        `${result.where}: ${attackTitle(result)} is another attack here than in ${other.where}: ${difference}; ${REMEDY}`,
      );
    }
  }
  requireCommonRadius(networks);
}

/**
 * Titles of rows: with their images where there are several sets, and with what differs where two would read alike. `labels`:
 * what networks are called, by digest.
 */
export function rowTitles(results: readonly MergedResult[], labels: ReadonlyMap<string, string>): readonly string[] {
  const titleOf = (result: MergedResult) => `${attackTitle(result)}${origin(result, labels)}`;
  const groups = groupBy(results, titleOf);
  const images = imageNames(results);
  return results.map((result) => {
    const title = titleOf(result);
    const group = groups.get(title) ?? [];
    const [first = result] = group;
    const constants = Object.keys(result.recipe).filter((name) =>
      group.some((other) => recipeDifference(pick(first, name), pick(other, name)) !== null),
    );
    const parts = [
      ...constants.map((name) => `${name} ${JSON.stringify(result.recipe[name])}`),
      ...(images.get(result.data) ?? []),
    ];
    return parts.length === 0 ? title : `${title} (${parts.join(", ")})`;
  });
}

/** What tells the image sets apart: name and split, the digest where several have those in common; nothing where there is one set. */
function imageNames(results: readonly MergedResult[]): ReadonlyMap<MergedResult["data"], readonly string[]> {
  const nameOf = ({ name, split }: MergedResult["data"]) => `${name} ${split}`;
  const names = groupBy(results, ({ data }) => nameOf(data));
  return new Map(
    results.map(({ data }) => {
      const digests = new Set(names.get(nameOf(data))?.map((other) => other.data.sha256));
      const digest = digests.size > 1 ? [`images ${data.sha256.slice(0, 8)}`] : [];
      return [data, [...(names.size > 1 ? [nameOf(data)] : []), ...digest]];
    }),
  );
}

/** Of images that were crafted on another network. */
function origin({ recipe }: MergedResult, labels: ReadonlyMap<string, string>): string {
  const source = transferSource(recipe);
  return source === null ? "" : ` (from ${labels.get(source) ?? source.slice(0, 8)})`;
}

function pick({ recipe }: MergedResult, name: string): Readonly<Record<string, unknown>> {
  return { [name]: recipe[name] };
}

function differenceOf(first: MergedResult, other: MergedResult): string | null {
  const recipe = recipeDifference(first.recipe, other.recipe);
  if (recipe !== null) return recipe;
  if (first.data.sha256 === other.data.sha256) return null;
  return `images of ${first.data.name} and of ${other.data.name} with other digests`;
}

/** Two networks under attacks of one name, but never in the same ball, would stand beside each other uncompared. */
function requireCommonRadius(networks: readonly AttackedNetwork[]): void {
  const results = networks.flatMap((network) => [...network.results.values()].map((result) => ({ network, result })));
  for (const ofName of groupBy(results, ({ result }) => `${result.name} ${result.data.name}`).values()) {
    const balls = groupBy(ofName, ({ network }) => network);
    // Networks with the same balls are one case: a thousand of them are compared as quickly as two.
    const distinct = groupBy([...balls.values()], (entries) => entries.map(({ result }) => radius(result)).join("; "));
    const cases = [...distinct.values()].flatMap(([entries]) => (entries === undefined ? [] : [entries]));
    for (const [i, mine] of cases.entries()) {
      for (const theirs of cases.slice(i + 1)) {
        const [first, second] = [mine[0]?.result, theirs[0]?.result];
        const isShared = mine.some((a) => theirs.some((b) => isSameBall(a.result, b.result)));
        if (isShared || first === undefined || second === undefined) continue;
        throw new InputError(
          `${second.where}: ${first.name} was run at ${radius(first)} in ${first.where} and at ${radius(second)} here; ${REMEDY}`,
        );
      }
    }
  }
}

function isSameBall(a: MergedResult, b: MergedResult): boolean {
  return a.norm === b.norm && a.epsilon === b.epsilon;
}

function radius({ norm, epsilonText }: MergedResult): string {
  return `${norm} ε ${epsilonText}`;
}
