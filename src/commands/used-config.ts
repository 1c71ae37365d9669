/** What of the options of prune-hydra a run uses: what leaves no trace in the result stands in no record of it. */
import type { Config } from "./command.js";
import type { PruneHydraOptions } from "./prune-hydra-options.js";
import type { PruningPlan } from "./prune-hydra-plan.js";
import { type Unused, unusedOfObjective } from "./unused-options.js";

/** `config` without the keys that have no effect; the model is that of the checkpoint that is pruned. */
export function usedConfig(config: Config, options: PruneHydraOptions, plan: PlannedStages): Config {
  const unused = new Set(unusedOptions(options, plan).flatMap(({ keys, when }) => (when ? keys : [])));
  const { source } = plan;
  const { name, width } = source?.checkpoint.model ?? {};
  const used = source === null ? config : { ...config, model: name, width };
  return Object.fromEntries(Object.entries(used).filter(([key, value]) => value !== undefined && !unused.has(key)));
}

type PlannedStages = Pick<PruningPlan, "stages" | "source" | "settings">;

/** Rules for the notes on options that have no effect. */
export function unusedOptions(
  options: PruneHydraOptions,
  { stages, source, settings }: PlannedStages,
): readonly Unused[] {
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
