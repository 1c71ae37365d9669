/** `compare`: record streams in; one table of clean and robust accuracies out, a verdict, figures. */
import type { Command } from "./command.js";
import { compareOptions } from "./compare-options.js";

export const compare: Command<typeof compareOptions> = {
  name: "compare",
  summary: "Compare networks under attack in one table, with intervals and paired tests",
  output: "The table, in the form that --format names; nothing with --out.",
  example: "compare --baseline hydra.ndjson ours.ndjson",
  options: compareOptions,
  positional: {
    name: "[FILE...]",
    many: true,
    help: "record files; standard input when there is none, or where - stands",
  },
  whenClosed: "end",
  run: async (options, context) => (await import("./run-compare.js")).runCompare(options, context),
};
