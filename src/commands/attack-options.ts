/** The options of attack-eval. */
import type { OptionValues } from "./command.js";
import { choice, count, recipes, spelledNumber, spelledNumbers, text, toggle } from "./options.js";
import { attackData, engine, everyCommand } from "./shared-options.js";

export const attackOptions = {
  ...everyCommand,
  ...engine,
  ...attackData,
  attacks: recipes({
    argument: "LIST",
    help: "attacks by name, with commas: clean, fgsm, pgdN, pgdNxR, pgdN-det, or the group quick",
    default: "quick",
  }),
  epsilon: spelledNumber({ argument: "X", help: "radius", atLeast: 0, defaultText: "8/255 for linf, 0.5 for l2" }),
  epsilons: spelledNumbers({ argument: "LIST", help: "several radii, with commas", atLeast: 0 }),
  norm: choice(["linf", "l2"], { argument: "NORM", help: "norm of the radius", default: "linf" }),
  samples: count({ argument: "N", help: "attack the first N test images", atLeast: 1, defaultText: "all" }),
  shard: text({ argument: "I/N", help: "attack only the I-th of N equal parts of the samples" }),
  restarts: count({ argument: "R", help: "restarts of each pgdN that names none", atLeast: 1, defaultText: "10" }),
  role: choice(["best", "final"], { argument: "ROLE", help: "which checkpoint of a run to attack", default: "best" }),
  exportDense: text({
    argument: "FILE",
    help: "write the checkpoint with dense weights, for other programs; attacks only what --attacks names",
    changesResult: false,
  }),
  show: toggle({ help: "print graph, densities, metadata and digest, attack nothing", inConfig: false }),
};

export type AttackOptions = OptionValues<typeof attackOptions>;
