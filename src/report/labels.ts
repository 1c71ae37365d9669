/** What networks and attacks are called in a table. */
import { namedDensity, shortDensity } from "./density.js";
import type { Experiment } from "./experiments.js";
import type { AttackedNetwork } from "./results.js";
import type { MergedResult } from "./shards.js";

/** A short name for each experiment, different for each: the method, and of the rest as much as tells them apart. */
export function networkLabels(experiments: readonly Experiment[]): readonly string[] {
  const names = experiments.map(([network]) => network?.checkpoint.method ?? network?.checkpoint.path ?? "");
  const details = distinctions.map((more) =>
    experiments.map((networks) => (networks[0] === undefined ? "" : more(networks[0], networks))),
  );
  return toldApart(names, details);
}

/** The names; where several are one, with the first details by which they differ, and a number where nothing does. */
export function toldApart(names: readonly string[], details: readonly (readonly string[])[]): readonly string[] {
  let labels = names;
  for (const parts of details) {
    const counts = countOf(labels);
    if (counts.size === labels.length) return labels;
    const said = labels.map((label, i) => JSON.stringify([label, parts[i]]));
    const saidTimes = countOf(said);
    labels = labels.map((label, i) => {
      // What all of one label have in common tells nothing.
      const isTelling = saidTimes.get(said[i] ?? "") !== counts.get(label);
      return isTelling && parts[i] !== "" ? `${label} ${parts[i]}` : label;
    });
  }
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? label : `${label} (${times})`;
  });
}

function countOf(labels: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

const distinctions: readonly ((network: AttackedNetwork, all: Experiment) => string)[] = [
  ({ checkpoint }) => checkpoint.objective ?? "",
  ({ checkpoint }) => checkpoint.model?.name ?? "",
  ({ checkpoint }) => {
    const density = namedDensity(checkpoint);
    return density === undefined ? "" : `density ${shortDensity(density)}`;
  },
  ({ checkpoint }, { length }) => (checkpoint.seed === undefined || length > 1 ? "" : `seed ${checkpoint.seed}`),
  ({ checkpoint }) => checkpoint.role ?? "",
  ({ checkpoint }) => checkpoint.path,
  ({ checkpoint }) => checkpoint.sha256.slice(0, 8),
];

/** `PGD-50x1, ε 8/255`. */
export function attackTitle({
  name,
  norm,
  epsilon,
  epsilonText,
}: Pick<MergedResult, "name" | "norm" | "epsilon" | "epsilonText">): string {
  const title =
    titles.get(name) ??
    name.replace(/^(a?pgd|cw)-?(\d)/, (_, attack: string, steps: string) => `${attack.toUpperCase()}-${steps}`);
  if (name === "clean" || epsilon === 0) return title;
  return `${title}, ${norm === "linf" ? "" : `${norm.toUpperCase()} `}ε ${epsilonText}`;
}

const titles: ReadonlyMap<string, string> = new Map([
  ["clean", "Clean"],
  ["fgsm", "FGSM"],
  ["apgd-ce", "APGD-CE"],
  ["apgd-dlr", "APGD-DLR"],
  ["apgd-t", "APGD-T"],
  ["fab", "FAB"],
  ["fab-t", "FAB-T"],
  ["square", "Square"],
  ["bb", "B&B"],
  ["aa", "AA"],
  ["aa-plus", "AA+"],
  ["aa-rand", "AA (rand)"],
]);

/** A number in four digits, without the noise of a division: 0.1 for 0.09999999. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(4)));
}
