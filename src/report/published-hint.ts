/** What published numbers there are, where none of those asked for stands beside our networks. */
import type { Published } from "../records/events.js";
import { shortDensity } from "./density.js";
import { groupBy } from "./group-by.js";
import { askedRecords, isSameAttack, isSameData, isSameDensity, isSameModel, selectPublished } from "./published.js";
import type { AttackedNetwork } from "./results.js";

/** Networks of others that are named at the most. */
const MOST = 3;

/** Who has numbers for our networks; else, of the numbers that `names` ask for, those whose network is most like one of ours. */
export function publishedHint(
  names: readonly string[],
  records: readonly Published[],
  networks: readonly AttackedNetwork[],
): string {
  const others = [...new Set(selectPublished(["all"], records, networks).map(({ source }) => source))];
  if (others.length > 0) return `${others.join(", ")} ${others.length === 1 ? "has" : "have"} some`;
  const asked = askedRecords(names, records);
  const likenesses = new Map(asked.map((record) => [record, likeness(record, networks)]));
  const most = Math.max(...likenesses.values());
  if (most < Math.min(OF_DATA, OF_MODEL)) return `they are of ${spread(asked)}`;
  const nearest = asked.filter((record) => likenesses.get(record) === most);
  const groups = [
    ...groupBy(nearest, ({ source, model, data }) => JSON.stringify([source, model, data.name])).values(),
  ];
  return `nearest: ${groups.slice(0, MOST).map(described).join("; ")}`;
}

const OF_DATA = 8;
const OF_MODEL = 4;

/** The data count most, then the model, the density, the attack; 0 where nothing is the same. */
function likeness(record: Published, networks: readonly AttackedNetwork[]): number {
  return Math.max(
    ...networks.map((network) => {
      const isAttacked = [...network.results.values()].some((attack) => isSameAttack(record, attack));
      return (
        (isSameData(record, network) ? OF_DATA : 0) +
        (isSameModel(record, network) ? OF_MODEL : 0) +
        (isSameDensity(record, network) ? 2 : 0) +
        (isAttacked ? 1 : 0)
      );
    }),
  );
}

/** `poster has vgg16 on cifar10 at density 0.01, 0.1 under clean, pgd50`. */
function described(records: readonly Published[]): string {
  const [{ source, model, data } = { source: "", model: { name: "" }, data: { name: "" } }] = records;
  const width = (model.width ?? 1) === 1 ? "" : ` ×${model.width}`;
  const densities = [...new Set(records.map(({ density }) => density))].sort((a, b) => a - b).map(shortDensity);
  const attacks = new Set(
    records.map(({ attack, epsilon, epsilonText }) =>
      epsilon === 0 ? attack.name : `${attack.name} at ε ${epsilonText}`,
    ),
  );
  return `${source} has ${model.name}${width} on ${data.name} at density ${densities.join(", ")} under ${[...attacks].join(", ")}`;
}

/** `resnet18, vgg16 on cifar10, svhn`. */
function spread(records: readonly Published[]): string {
  const listed = (names: readonly string[]) => [...new Set(names)].sort().join(", ");
  return `${listed(records.map(({ model }) => model.name))} on ${listed(records.map(({ data }) => data.name))}`;
}
