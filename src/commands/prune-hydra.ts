/** `prune-hydra`: a dense robust network, pruned by learned importance scores and fine-tuned; and its baselines. */
import type { Command } from "./command.js";
import { DEFAULT_DATA, laterFlags, pruneHydraOptions, settle } from "./prune-hydra-options.js";
import { settledConfig } from "./settled-config.js";

export const pruneHydra: Command<typeof pruneHydraOptions> = {
  name: "prune-hydra",
  summary: "Pre-train, prune by learned scores (HYDRA) or by magnitude, and fine-tune",
  output:
    "Records, one JSON object a line: those read from standard input as they came, then run.start, train.epoch with its phase, checkpoint (of each stage, then best and final), notice, run.end. --out has its own records beside the checkpoints and the state that --resume goes on from.",
  example: "prune-hydra --data sample --model tinycnn --density 0.1 --out runs/hydra | attack-eval",
  options: pruneHydraOptions,
  positional: {
    name: "[CHECKPOINT]",
    many: false,
    help: "the dense network to prune; - for the last one in the records on stdin (sparse-train … | prune-hydra -); pre-trains one when left out",
  },
  namedHere: {
    mode: ["method"],
    epochs: ["pretrain-epochs", "prune-epochs", "finetune-epochs"],
    ...{ samples: ["train-samples", "test-samples"], state: ["resume"] },
  },
  later: laterFlags,
  stored: async (options) =>
    (await import("./stored-config.js")).storedConfig({ name: "prune-hydra", options: pruneHydraOptions }, options),
  settled: async (options, { positionals, config, given }) => {
    const hasSource = positionals.length > 0;
    const resolved = { data: hasSource ? undefined : DEFAULT_DATA, ...settle(options).resolved };
    // The batch of robust self-training is another, and the checkpoint may bring that objective.
    const byObjective = given.has("objective") ? [] : ["batchSize"];
    const ofSource = hasSource ? ["model", "width", "objective", ...byObjective] : [];
    const leftOpen = options.allocation.startsWith("budget-of") ? [...ofSource, "density"] : ofSource;
    return settledConfig({ options: pruneHydraOptions, config, given, resolved, leftOpen });
  },
  whenClosed: "continue",
  run: async (options, context) => (await import("./run-prune-hydra.js")).runPruneHydra(options, context),
};
