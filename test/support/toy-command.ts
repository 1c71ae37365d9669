/** A small command with an option of each kind, for the tests of the command line. */
import type { Command } from "../../src/commands/command.js";
import {
  choice,
  count,
  countOrAuto,
  duration,
  layerDensities,
  number,
  recipes,
  spelledNumber,
  spelledNumbers,
  text,
  toggle,
} from "../../src/commands/options.js";
import { everyCommand } from "../../src/commands/shared-options.js";

const options = {
  ...everyCommand,
  density: number({ argument: "X", help: "share of the weights", default: 0.01, above: 0, atMost: 1 }),
  steps: count({ argument: "N", help: "how many steps", atLeast: 1 }),
  batchSize: countOrAuto({ argument: "N", help: "images a step", default: "auto", atLeast: 1 }),
  every: duration({ argument: "TIME", help: "how often", default: "5m", changesResult: false }),
  mode: choice(["fixed", "bayes"], { argument: "NAME", help: "which rule", default: "bayes", later: ["set"] }),
  epsilon: spelledNumber({ argument: "X", help: "radius", default: "8/255", atLeast: 0 }),
  epsilons: spelledNumbers({ argument: "LIST", help: "radii", atLeast: 0 }),
  attacks: recipes({ argument: "LIST", help: "attacks", default: "quick" }),
  layers: layerDensities({ help: "densities of single layers" }),
  out: text({ argument: "DIR", help: "where to", changesResult: false, defaultText: "runs/RUN" }),
  resume: toggle({ help: "go on", inConfig: false }),
  width: number({ argument: "X", help: "width", exclusive: { group: "size" } }),
  channels: count({ argument: "N", help: "the same as a number", exclusive: { group: "size" } }),
  shape: choice(["wide", "given"], {
    help: "a shape by name",
    default: "given",
    exclusive: { group: "size", when: "wide" },
  }),
};

export const toyCommand: Command<typeof options> = {
  name: "toy",
  summary: "Do nothing",
  output: "Nothing.",
  example: "toy --density 0.1",
  options,
  positional: { name: "[FILE]", many: false, help: "a file" },
  later: ["plot"],
  whenClosed: "end",
  run: async () => 0,
};
