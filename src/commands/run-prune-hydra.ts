/** What `prune-hydra` does once its options are read: a plan, then its stages or what they would be. */
import type { Engine } from "../engines/engine.js";
import { carryOut } from "./carry-out.js";
import { type CommandContext, exitCodeOf } from "./command.js";
import { prunePlan } from "./planned-pruning.js";
import type { PruneHydraOptions } from "./prune-hydra-options.js";
import { describePlan, type PruningPlan, preparePlan } from "./prune-hydra-plan.js";
import { noteUnused, type Unused, unusedOfObjective } from "./unused-options.js";

export async function runPruneHydra(options: PruneHydraOptions, context: CommandContext): Promise<number> {
  const plan = await planUnlessInterrupted(options, context);
  if (plan === null) return exitCodeOf(context.interrupted() ?? "SIGTERM");
  noteUnused(unusedOptions(options, plan), context);
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

function unusedOptions(options: PruneHydraOptions, { stages, source, settings }: PruningPlan): readonly Unused[] {
  const { method, stage } = options;
  const reason = stage === "all" ? `when ${source?.path} is pruned` : `with --stage ${stage}`;
  const prunesAtOnce = method === "lwm" || method === "random";
  const learnsNoMask = stages.includes("prune") && prunesAtOnce;
  const mask = { keys: ["scoreInit", "freezeBn"] };
  const admm = { keys: ["rho", "rhoGrowth", "admmCycles"] };
  return [
    { keys: ["padding", "scaleWeights"], reason: `when ${source?.path} is pruned`, when: source !== null },
    { keys: ["rstFrac"], reason: `with --objective ${options.objective}`, when: options.objective !== "rst" },
    { keys: ["bnReestimate"], reason: `with --method ${method}`, when: !prunesAtOnce },
    ...unusedOfObjective({ objective: options.objective, select: settings.select }),
    { keys: ["pretrainEpochs"], reason, when: !stages.includes("pretrain") },
    { keys: ["pruneEpochs", "pruneLearningRate", ...mask.keys, ...admm.keys], reason, when: !stages.includes("prune") },
    { ...mask, reason: `with --method ${method}`, when: stages.includes("prune") && method !== "hydra" },
    { ...admm, reason: `with --method ${method}`, when: stages.includes("prune") && method !== "admm" },
    { keys: ["pruneEpochs", "pruneLearningRate"], reason: `with --method ${method}`, when: learnsNoMask },
    { keys: ["finetuneEpochs", "finetuneLearningRate"], reason, when: !stages.includes("finetune") },
    { keys: ["density", "sparsity", "connections", "allocation", "method"], reason, when: stage === "pretrain" },
  ];
}
