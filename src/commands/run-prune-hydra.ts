/** What `prune-hydra` does once its options are read: a plan, then its stages or what they would be. */
import type { Engine } from "../engines/engine.js";
import { carryOut } from "./carry-out.js";
import { type CommandContext, exitCodeOf } from "./command.js";
import { prunePlan } from "./planned-pruning.js";
import type { PruneHydraOptions } from "./prune-hydra-options.js";
import { describePlan, type PruningPlan, preparePlan } from "./prune-hydra-plan.js";
import { noteUnused, unusedOfData } from "./unused-options.js";
import { unusedOptions } from "./used-config.js";

export async function runPruneHydra(asked: PruneHydraOptions, context: CommandContext): Promise<number> {
  const plan = await planUnlessInterrupted(asked, context);
  if (plan === null) return exitCodeOf(context.interrupted() ?? "SIGTERM");
  const { options } = plan;
  noteUnused([...unusedOfData(plan.images.name), ...unusedOptions(options, plan)], context);
  const run = (engine: Engine) => prunePlan(plan, { options, context, engine });
  return carryOut({ run, describe: (engine) => describePlan(plan, engine) }, options, context);
}

/** Null when a signal came while records were awaited on stdin. */
async function planUnlessInterrupted(options: PruneHydraOptions, context: CommandContext): Promise<PruningPlan | null> {
  try {
    return await preparePlan(options, context);
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return null;
    throw error;
  }
}
