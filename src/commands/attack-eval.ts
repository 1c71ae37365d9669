/** `attack-eval`: attacks networks given by path or by a record stream, and records what each attack leaves. */
import { attackOptions } from "./attack-options.js";
import type { Command } from "./command.js";

export const attackEval: Command<typeof attackOptions> = {
  name: "attack-eval",
  summary: "Attack networks and record, sample by sample, what stays right",
  output:
    "Records, one JSON object a line: those read from standard input as they came, and run.start, an attack.result for clean images and for each attack with the outcome of every sample, notice, run.end.",
  example:
    "sparse-train --data sample --model tinycnn --density 0.1 --epochs 5 | attack-eval --attacks fgsm,pgd50x1 > results.ndjson",
  options: attackOptions,
  namedHere: { "test-samples": ["samples"], resume: ["state"] },
  positional: {
    name: "[CHECKPOINT...]",
    many: true,
    help: "checkpoint files; a record stream on standard input when there is none, or where - stands",
  },
  whenClosed: "end",
  run: async (options, context) => (await import("./run-attack-eval.js")).runAttackEval(options, context),
};
