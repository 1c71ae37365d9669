/** The commands by name; a module loads only when its command is wanted. */
import type { Command } from "../commands/command.js";
import type { OptionTable } from "../commands/options.js";

/** Does something with a command, whatever its options are. */
export type Use<Result> = <Table extends OptionTable>(command: Command<Table>) => Result;

export const COMMAND_NAMES = ["sparse-train", "attack-eval", "prune-hydra", "compare"] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

export async function withCommand<Result>(name: CommandName, use: Use<Result>): Promise<Awaited<Result>> {
  switch (name) {
    case "sparse-train":
      return await use((await import("../commands/sparse-train.js")).sparseTrain);
    case "attack-eval":
      return await use((await import("../commands/attack-eval.js")).attackEval);
    case "prune-hydra":
      return await use((await import("../commands/prune-hydra.js")).pruneHydra);
    case "compare":
      return await use((await import("../commands/compare.js")).compare);
  }
}

/** The name as one of ours, or null. */
export function commandName(name: string): CommandName | null {
  return COMMAND_NAMES.find((known) => known === name) ?? null;
}
