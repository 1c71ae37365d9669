/** What `sparse-train` does once its options are read: a plan, then the training or what it would be. */
import type { Engine } from "../engines/engine.js";
import { carryOut } from "./carry-out.js";
import type { CommandContext } from "./command.js";
import { trainPlan } from "./planned-training.js";
import { isFlyingBird, type SparseTrainOptions } from "./sparse-train-options.js";
import { describePlan, preparePlan } from "./sparse-train-plan.js";
import { noteUnused, type Unused, unusedOfData, unusedOfObjective } from "./unused-options.js";

export async function runSparseTrain(asked: SparseTrainOptions, context: CommandContext): Promise<number> {
  const plan = await preparePlan(asked, context);
  const { options } = plan;
  noteUnused(unusedOptions(options, plan.settings.select), context);
  const run = (engine: Engine) => trainPlan(plan, { options, context, engine });
  return carryOut({ run, describe: (engine) => describePlan(plan, engine) }, options, context);
}

function unusedOptions(
  { data, objective, mode, staticReparam }: SparseTrainOptions,
  select: string,
): readonly Unused[] {
  const reason = `with --mode ${mode}`;
  const exchanges = mode === "set" || mode === "rigl" || isFlyingBird(mode);
  const isNoisy = mode === "bayes" || mode === "deep-rewiring" || staticReparam;
  return [
    ...unusedOfData(data),
    ...unusedOfObjective({ objective, select }),
    { keys: ["rstFrac"], reason: `with --objective ${objective}`, when: objective !== "rst" },
    { keys: ["noiseScaling", "noiseMode"], reason, when: !isNoisy },
    { keys: ["exchangeEvery", "dropFraction"], reason, when: !exchanges },
    { keys: ["grow"], reason, when: !isFlyingBird(mode) },
    { keys: ["split"], reason, when: mode !== "bayes" && mode !== "deep-rewiring" },
  ];
}
