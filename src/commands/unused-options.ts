/** Options that were typed beside others that leave them without effect: nothing is wrong, but nobody should wait for it. */
import { isFolderName } from "../data/folder-name.js";
import type { CommandContext } from "./command.js";
import { flagName } from "./options.js";

export interface Unused {
  readonly keys: readonly string[];
  /** Behind "has no effect": "with --objective at". */
  readonly reason: string;
  readonly when: boolean;
}

/** One note for each reason, of the keys that a flag or `--set` gave. */
export function noteUnused(rules: readonly Unused[], { typed, note }: Pick<CommandContext, "typed" | "note">): void {
  for (const { keys, reason, when } of rules) {
    const flags = keys.filter((key) => when && typed.has(key)).map((key) => `--${flagName(key)}`);
    if (flags.length > 0) note(`${flags.join(", ")}: ${flags.length === 1 ? "has" : "have"} no effect ${reason}`);
  }
}

/** The sample comes with the program, and a folder is where its own name says. */
export function unusedOfData(data: string): readonly Unused[] {
  return [{ keys: ["dataDir"], reason: `with --data ${data}`, when: data === "sample" || isFolderName(data) }];
}

export interface AttackChoice {
  readonly objective: string;
  readonly select: string;
}

/** Of the objective and its training attack, which `val-pgd` takes radius and step from. */
export function unusedOfObjective({ objective, select }: AttackChoice): readonly Unused[] {
  const reason = `with --objective ${objective}`;
  const isNatural = objective === "natural";
  return [
    { keys: ["beta"], reason, when: !["trades", "mart", "rst"].includes(objective) },
    { keys: ["attackSteps"], reason, when: isNatural },
    {
      keys: ["epsilon", "attackStep"],
      reason: `${reason} and --select ${select}`,
      when: isNatural && select !== "val-pgd",
    },
  ];
}
