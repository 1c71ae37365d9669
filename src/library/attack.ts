/** `attack-eval` as a function. */
import { attackEval } from "../commands/attack-eval.js";
import type { attackOptions } from "../commands/attack-options.js";
import { UsageError } from "../core/errors.js";
import type { StreamRecord } from "../records/events.js";
import type { GivenOptions } from "./given-options.js";
import { recordsOf } from "./run-command.js";
import type { RunInput, RunOptions } from "./run-options.js";

export type AttackOptions = GivenOptions<typeof attackOptions>;

/**
 * Attacks checkpoints by path, or the best one of each run in the records; gives the records, where they came first, and one
 * `attack.result` for each network and attack. Throws as `train` does.
 */
export async function attack(
  networks: RunInput,
  options: AttackOptions = {},
  run: RunOptions = {},
): Promise<readonly StreamRecord[]> {
  if (networks.length === 0)
    throw new UsageError("nothing to attack: give checkpoint files, or records of training runs");
  return recordsOf(attackEval, { ...run, options, input: networks });
}
