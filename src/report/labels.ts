/** What networks and attacks are called in a table. */
import type { AttackedNetwork } from "./results.js";
import type { MergedResult } from "./shards.js";

/** A short name for each network, different for each: the method, and of the rest as much as tells them apart. */
export function networkLabels(networks: readonly AttackedNetwork[]): readonly string[] {
  let labels = networks.map(({ checkpoint }) => checkpoint.method ?? checkpoint.path);
  for (const more of distinctions) {
    if (new Set(labels).size === labels.length) return labels;
    labels = labels.map((label, i) => {
      const isShared = labels.filter((other) => other === label).length > 1;
      const network = networks[i];
      return isShared && network !== undefined ? [label, more(network)].filter((part) => part !== "").join(" ") : label;
    });
  }
  return labels.map((label, i) => (labels.indexOf(label) === i ? label : `${label} (${i + 1})`));
}

const distinctions: readonly ((network: AttackedNetwork) => string)[] = [
  ({ checkpoint }) => checkpoint.objective ?? "",
  ({ checkpoint }) => checkpoint.model?.name ?? "",
  ({ checkpoint }) => (checkpoint.density === undefined ? "" : `density ${significant(checkpoint.density)}`),
  ({ checkpoint }) => (checkpoint.seed === undefined ? "" : `seed ${checkpoint.seed}`),
  ({ checkpoint }) => checkpoint.role ?? "",
  ({ checkpoint }) => checkpoint.path,
  ({ checkpoint }) => checkpoint.sha256.slice(0, 8),
];

/** `PGD-50x1, ε 8/255`. */
export function attackTitle({ name, norm, epsilon, epsilonText }: MergedResult): string {
  const title =
    titles.get(name) ??
    name.replace(/^(a?pgd|cw)-?(\d)/, (_, attack: string, steps: string) => `${attack.toUpperCase()}-${steps}`);
  if (name === "clean" || epsilon === 0) return title;
  return `${title}, ${norm === "l2" ? "L2 " : ""}ε ${epsilonText}`;
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

/** A number in at most six digits, without the noise of a division: 0.1 for 0.09999999. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(4)));
}
