/** `prune-hydra`: a dense robust network, pruned by learned importance scores and fine-tuned; and its baselines. */
import type { Command } from "./command.js";
import { laterFlags, pruneHydraOptions } from "./prune-hydra-options.js";

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
  later: laterFlags,
  stored: async (options) =>
    (await import("./stored-config.js")).storedConfig({ name: "prune-hydra", options: pruneHydraOptions }, options),
  whenClosed: "continue",
  run: async (options, context) => (await import("./run-prune-hydra.js")).runPruneHydra(options, context),
};
