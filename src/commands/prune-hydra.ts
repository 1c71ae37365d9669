/** `prune-hydra`: a dense robust network, pruned by learned importance scores and fine-tuned; and its baselines. */
import { chooseEngine } from "../engines/choose.js";
import { type Command, type CommandContext, exitCodeOf } from "./command.js";
import { laterFlags, type PruneHydraOptions, pruneHydraOptions } from "./prune-hydra-options.js";
import { describePlan, type PruningPlan, preparePlan } from "./prune-hydra-plan.js";
import { prunePlan } from "./prune-hydra-run.js";
import { storedConfig } from "./stored-config.js";
import { noteUnused, type Unused, unusedOfObjective } from "./unused-options.js";

export const pruneHydra: Command<typeof pruneHydraOptions> = {
  name: "prune-hydra",
  summary: "Pre-train, prune by learned scores (HYDRA) or by magnitude, and fine-tune",
  example: "prune-hydra --data sample --model tinycnn --density 0.1 --out runs/hydra | attack-eval",
  options: pruneHydraOptions,
  positional: {
    name: "[CHECKPOINT]",
    many: false,
    help: "the dense network to prune; - for the last one in the records on stdin (sparse-train … | prune-hydra -); pre-trains one when left out",
  },
  later: laterFlags,
  stored: (options) => storedConfig({ name: "prune-hydra", options: pruneHydraOptions }, options),
  whenClosed: "continue",
  run,
};

async function run(options: PruneHydraOptions, context: CommandContext): Promise<number> {
  const plan = await planUnlessInterrupted(options, context);
  if (plan === null) return exitCodeOf(context.interrupted() ?? "SIGTERM");
  noteUnused(unusedOptions(options, plan), context);
  const engine = chooseEngine({ engine: options.engine, threads: options.threads ?? undefined });
  const signal = context.interrupted();
  if (signal !== null) return exitCodeOf(signal);
  if (!options.dryRun) return prunePlan(plan, { options, context, engine });
  context.note(await describePlan(plan, engine));
  return 0;
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
  const learnsNoMask = stages.includes("prune") && method !== "hydra";
  const mask = { keys: ["pruneEpochs", "scoreInit", "freezeBn"] };
  return [
    ...unusedOfObjective({ objective: options.objective, select: settings.select }),
    { keys: ["pretrainEpochs"], reason, when: !stages.includes("pretrain") },
    { ...mask, reason, when: !stages.includes("prune") },
    { ...mask, reason: `with --method ${method}`, when: learnsNoMask },
    { keys: ["finetuneEpochs", "finetuneLearningRate"], reason, when: !stages.includes("finetune") },
    { keys: ["density", "sparsity", "connections", "method"], reason, when: stage === "pretrain" },
  ];
}
