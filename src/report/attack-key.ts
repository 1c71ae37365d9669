/** What makes two results stand in one row: attack recipe, norm, ε, data, split. */
import type { AttackResult } from "../records/events.js";

type Attacked = Pick<AttackResult, "attack" | "norm" | "epsilon" | "data">;

/** Equal for results of one row; the order in which a recipe names its constants does not matter. */
export function attackKey({ attack, norm, epsilon, data }: Attacked): string {
  const constants = Object.entries(attack).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([constants, norm, epsilon, data.name, data.split, data.sha256]);
}

/** Digest of the network that the images were crafted on, where that was another than the one under attack. */
export function transferSource(recipe: Readonly<Record<string, unknown>>): string | null {
  return typeof recipe.transferFrom === "string" ? recipe.transferFrom : null;
}

/** Where an attack stands among the rows: clean first, the strongest last; attacks that are not known stay behind them. */
export function attackRank(name: string): number {
  const index = order.findIndex((pattern) => pattern.test(name));
  const steps = Number(/^(?:pgd|cw)(\d+)/.exec(name)?.[1] ?? 0);
  return (index < 0 ? order.length : index) + Math.min(steps, 9999) / 10_000;
}

const order = [/^clean$/, /^fgsm$/, /^pgd\d/, /^cw/, /^apgd/, /^fab/, /^square$/, /^bb$/, /^aa[^/]*\//, /^aa/] as const;
