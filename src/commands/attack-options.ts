/** The options of attack-eval. */
import {
  choice,
  count,
  number,
  type OptionValues,
  recipes,
  spelledNumber,
  spelledNumbers,
  text,
  toggle,
} from "./options.js";
import { attackData, engine, everyCommand } from "./shared-options.js";

export const attackOptions = {
  ...everyCommand,
  ...engine,
  ...attackData,
  attacks: recipes({
    argument: "LIST",
    help: "attacks by name, with commas: clean, fgsm, pgdN, pgdNxR, pgdN-det, cwN, apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square, bb, the ensembles aa, aa-plus, aa-rand, the groups quick, poster",
    default: "quick",
  }),
  epsilon: spelledNumber({
    argument: "X",
    help: "radius",
    above: 0,
    defaultText: "8/255 for linf, 0.5 for l2, 12 for l1",
  }),
  epsilons: spelledNumbers({ argument: "LIST", help: "several radii, with commas: a curve", atLeast: 0 }),
  norm: choice(["linf", "l2", "l1"], { argument: "NORM", help: "norm of the radius", default: "linf" }),
  samples: count({ argument: "N", help: "attack the first N test images", atLeast: 1, defaultText: "all" }),
  indices: text({ argument: "LIST", help: "attack only these of them, such as 0-99,250" }),
  classes: text({ argument: "LIST", help: "attack only images of these classes, by name or number" }),
  shard: text({ argument: "I/N", help: "attack only the I-th of N equal parts of the samples" }),
  restarts: count({ argument: "R", help: "restarts of each pgdN that names none", atLeast: 1, defaultText: "10" }),
  role: choice(["best", "final"], { argument: "ROLE", help: "which checkpoint of a run to attack", default: "best" }),
  transferFrom: text({ argument: "CHECKPOINT", help: "craft the images on this network and test them on the others" }),
  minimal: toggle({ help: "record the shortest perturbations too, where an attack looks for them: fab, fab-t, bb" }),
  state: text({
    argument: "FILE",
    help: "keep here what is done, and go on with it when called again",
    changesResult: false,
  }),
  maxMinutes: number({
    argument: "N",
    help: "stop after this time with exit code 130",
    above: 0,
    defaultText: "no limit",
    changesResult: false,
  }),
  saveAdversarial: text({
    argument: "FILE",
    help: "write the attacked images, safetensors with labels and predictions",
    changesResult: false,
  }),
  pictures: text({
    argument: "FILE",
    help: "draw clean image, attacked image and their difference, a PNG",
    changesResult: false,
  }),
  exportRobustbench: text({
    argument: "FILE",
    help: "write what RobustBench lists of a network, JSON; needs --attacks aa",
    changesResult: false,
  }),
  exportDense: text({
    argument: "FILE",
    help: "write the checkpoint with dense weights, for other programs; attacks only what --attacks names",
    changesResult: false,
  }),
  show: toggle({ help: "print graph, densities, metadata and digest, attack nothing", inConfig: false }),
};

export type AttackOptions = OptionValues<typeof attackOptions>;
