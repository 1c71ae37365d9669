/** Options that more than one command has, in groups that an option table spreads: `{ ...everyCommand, ...data, mine: … }`. */
import { choice, count, countOrAuto, duration, number, text, texts, toggle } from "./options.js";

/** Of all commands. `cli/` acts on config, set and printConfig before the command runs. */
export const everyCommand = {
  config: text({ argument: "FILE", help: "read options from a YAML file", inConfig: false }),
  set: texts({ argument: "KEY=VALUE", help: "set one config key, a.b=c (repeatable)", inConfig: false }),
  printConfig: toggle({ help: "print the merged config, which is itself a valid config, and exit", inConfig: false }),
  quiet: toggle({ help: "no progress and no messages", changesResult: false, short: "q" }),
  force: toggle({ help: "overwrite output that exists", inConfig: false }),
  debug: toggle({ help: "print the stack of an error", inConfig: false }),
};

/** Of the commands that run networks: all but compare. */
export const engine = {
  dryRun: toggle({ help: "check everything, say on stderr what would be done, and exit", inConfig: false }),
  engine: choice(["auto", "native", "tensorflow"], {
    argument: "NAME",
    help: "what runs the network",
    default: "auto",
    changesResult: false,
  }),
  engines: toggle({ help: "print which engines this machine has, and exit", inConfig: false }),
  threads: count({
    argument: "N",
    help: "processor threads",
    atLeast: 1,
    atMost: 1024,
    defaultText: "all cores",
    changesResult: false,
  }),
  seed: count({ argument: "N", help: "seed of every random draw", default: 1, atMost: Number.MAX_SAFE_INTEGER }),
};

const directory = text({
  argument: "DIR",
  help: "folder of the data set's published files",
  defaultText: "$SPARSE_ROBUST_DATA, then the user's cache",
  changesResult: false,
});

/** Of the training commands, which choose the data; their batch size is part of the result. */
export const trainingData = {
  data: text({
    argument: "NAME",
    help: "data set: cifar10, cifar100, svhn, fashion, sample or a folder",
    default: "cifar10",
  }),
  dataDir: directory,
  batchSize: countOrAuto({
    argument: "N",
    help: "images a training step",
    default: "auto",
    atLeast: 1,
    defaultText: "128",
  }),
};

/** Of attack-eval: the data set is the checkpoint's unless named, and results do not depend on the batch. */
export const attackData = {
  data: text({ argument: "NAME", help: "data set, instead of the checkpoint's own" }),
  dataDir: directory,
  batchSize: countOrAuto({
    argument: "N",
    help: "images a pass; results do not depend on it",
    default: "auto",
    atLeast: 1,
    changesResult: false,
  }),
};

/** Limits of the training attack's radius and step. */
export const pixelRange = { above: 0, atMost: 1, ofPixels: true };

/** Of sparse-train and prune-hydra. */
export const training = {
  trainSamples: count({ argument: "N", help: "train on the first N images", atLeast: 1, defaultText: "all" }),
  testSamples: count({ argument: "N", help: "test on the first N images", atLeast: 1, defaultText: "all" }),
  grayToRgb: toggle({ help: "gray images get three channels, as networks for colour take them" }),
  mirror: choice(["half", "never"], {
    argument: "NAME",
    help: "training images that are mirrored: half of them, or none, as for digits",
    default: "half",
  }),
  out: text({
    argument: "DIR",
    help: "folder for checkpoints and records",
    defaultText: "runs/RUN",
    changesResult: false,
  }),
  resume: toggle({ help: "go on with the run in --out", inConfig: false }),
  checkpointEvery: duration({
    argument: "TIME",
    help: "save the resumable state this often, besides each epoch; a number alone is seconds",
    default: "5m",
    changesResult: false,
  }),
  maxMinutes: number({
    argument: "N",
    help: "stop after this time with a resumable state and exit code 130",
    above: 0,
    defaultText: "no limit",
    changesResult: false,
  }),
  logEvery: count({
    argument: "N",
    help: "write a train.step record every N steps",
    atLeast: 1,
    defaultText: "never",
    changesResult: false,
  }),
  export: choice(["dense"], {
    argument: "FORM",
    help: "also write the checkpoints with dense weights, for other programs",
    defaultText: "none",
    changesResult: false,
  }),
};

/** Of the training attack and the loss, what both commands give the same meaning and default. */
export const objectiveStrength = {
  attackSteps: count({ argument: "N", help: "its number of steps", default: 10, atLeast: 1 }),
  beta: number({ argument: "X", help: "weight of the KL term of trades, mart and rst", default: 6, atLeast: 0 }),
};

export const selfTraining = {
  rstData: text({
    argument: "FILE",
    help: "pseudo-labelled images of rst: ti_500K_pseudo_labeled.pickle, or a folder",
    defaultText: "none",
  }),
  rstFrac: number({ argument: "X", help: "their share of a batch", default: 0.5, above: 0, below: 1 }),
};

/** Which defaults hold, where a command has them by profile. */
export const profiled = {
  profile: choice(["corrected", "reference"], {
    argument: "NAME",
    help: "defaults: ours, or those of the published code",
    default: "corrected",
  }),
};
