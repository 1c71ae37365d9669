/** `sparse-train`: a network that is sparse from its first step to its last, trained to withstand attacks. */
import type { Command } from "./command.js";
import { settledConfig } from "./settled-config.js";
import { laterFlags, settle, sparseTrainOptions } from "./sparse-train-options.js";

export const sparseTrain: Command<typeof sparseTrainOptions> = {
  name: "sparse-train",
  summary: "Train a sparse network by Bayesian connectivity sampling, robustly if asked",
  output:
    "Records, one JSON object a line: run.start, train.step with --log-every, train.epoch, checkpoint (best and final), notice, run.end. --out has the same records beside the checkpoints and the state that --resume goes on from.",
  example: "sparse-train --data sample --model tinycnn --density 0.1 --epochs 5 --out runs/first",
  options: sparseTrainOptions,
  namedHere: { method: ["mode"], samples: ["train-samples", "test-samples"], state: ["resume"] },
  later: laterFlags,
  stored: async (options) =>
    (await import("./stored-config.js")).storedConfig({ name: "sparse-train", options: sparseTrainOptions }, options),
  settled: async (options, { config, given }) => {
    const { resolved } = settle(options);
    const hasCheckpoint = options.initFrom !== null || options.maskFrom !== null;
    const leftOpen = hasCheckpoint ? ["model", "width", "density"] : [];
    return settledConfig({ options: sparseTrainOptions, config, given, resolved, leftOpen });
  },
  whenClosed: "continue",
  run: async (options, context) => (await import("./run-sparse-train.js")).runSparseTrain(options, context),
};
