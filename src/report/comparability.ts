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

/** Titles of rows, with what differs where two would read alike; `labels`: what networks are called, by digest. */
export function rowTitles(results: readonly MergedResult[], labels: ReadonlyMap<string, string>): readonly string[] {
  const titleOf = (result: MergedResult) => `${attackTitle(result)}${origin(result, labels)}`;
  const titles = results.map(titleOf);
  const groups = groupBy(results, titleOf);
  return results.map((result, i) => {
    const title = titles[i] ?? "";
    const group = groups.get(title) ?? [];
    if (group.length === 1) return title;
    const [first = result] = group;
    const constants = Object.keys(result.recipe).filter((name) =>
      group.some((other) => recipeDifference(pick(first, name), pick(other, name)) !== null),
    );
    const images = group.some(({ data }) => data.name !== first.data.name || data.split !== first.data.split);
    const digests = group.some(({ data }) => !images && data.sha256 !== first.data.sha256);
    const parts = [
      ...constants.map((name) => `${name} ${JSON.stringify(result.recipe[name])}`),
      ...(images ? [`${result.data.name} ${result.data.split}`] : []),
      ...(digests ? [`images ${result.data.sha256.slice(0, 8)}`] : []),
    ];
    return `${title} (${parts.join(", ")})`;
  });
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
