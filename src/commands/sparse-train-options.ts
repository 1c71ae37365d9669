/** The options of sparse-train, and what they come to once profile and defaults are settled. */
import { UsageError } from "../core/errors.js";
import type { Target } from "../sparsity/connectivity.js";
import type { InnerAttack } from "../training/objectives/objective.js";
import type { SelectionRule } from "../training/selection.js";
import type { OptionValues } from "./command.js";
import { densityOptions, givenDensities, targetOf } from "./density-options.js";
import { choice, count, layerDensities, number, text, toggle } from "./options.js";
import { engine, everyCommand, training, trainingData } from "./shared-options.js";

export const sparseTrainOptions = {
  ...everyCommand,
  ...engine,
  ...trainingData,
  ...training,
  model: text({ argument: "NAME", help: "network: vgg16, resnet18, wrn28_4, any wrnD_W, tinycnn", default: "vgg16" }),
  width: number({ argument: "X", help: "factor on its channels", default: 1, above: 0 }),
  mode: choice(["bayes", "fixed", "random", "dense"], {
    argument: "NAME",
    help: "connections that move every step, that stay, that stay at one density everywhere, or all weights",
    default: "bayes",
    later: ["deep-rewiring", "set", "rigl", "flying-bird", "flying-bird-plus"],
  }),
  ...densityOptions({
    density: "share of the weights that are connections",
    connections: "the same as a number of connections",
  }),
  layers: layerDensities({ help: "initial densities of single layers instead of the model's" }),
  objective: choice(["natural", "at", "mat", "trades", "mart", "rst"], {
    argument: "NAME",
    help: "loss: clean images, attacked ones (at), half of them (mat), TRADES, MART, TRADES with pseudo-labels (rst)",
    default: "at",
  }),
  epochs: count({ argument: "N", help: "passes over the training images", default: 200, atLeast: 1 }),
  steps: count({ argument: "N", help: "stop after N steps; the schedule stays that of --epochs", atLeast: 1 }),
  learningRate: number({ argument: "X", help: "learning rate at the start", default: 0.1, above: 0 }),
  schedule: choice(["steps"], {
    argument: "NAME",
    help: "learning rate and weight decay fall tenfold at half and three quarters of the steps",
    default: "steps",
    later: ["cosine"],
  }),
  weightDecay: number({ argument: "X", help: "decoupled weight decay at the start", default: 5e-4, atLeast: 0 }),
  momentum: number({ argument: "X", help: "momentum", default: 0.9, atLeast: 0, below: 1 }),
  epsilon: number({ argument: "X", help: "radius of the training attack", default: "8/255", above: 0 }),
  attackStep: number({ argument: "X", help: "its step", default: "2/255", above: 0 }),
  attackSteps: count({ argument: "N", help: "its number of steps", default: 10, atLeast: 1 }),
  beta: number({ argument: "X", help: "weight of the KL term of trades, mart and rst", default: 6, atLeast: 0 }),
  rstData: text({
    argument: "FILE",
    help: "pseudo-labelled images of rst: ti_500K_pseudo_labeled.pickle, or a folder",
    defaultText: "none",
  }),
  rstFrac: number({ argument: "X", help: "their share of a batch", default: 0.5, above: 0, below: 1 }),
  noiseScaling: number({ argument: "X", help: "sigma of the noise on connections", default: 1e-6, atLeast: 0 }),
  noiseMode: choice(["code", "langevin"], {
    argument: "NAME",
    help: "its deviation: rate times sigma, as the published code, or sqrt(sigma times rate)",
    default: "code",
  }),
  split: choice(["size", "free"], {
    argument: "RULE",
    help: "reconnections go to layers by their size, or by their dormant connections",
    default: "size",
  }),
  resetMomentum: toggle({ help: "a connection that comes back forgets its momentum" }),
  initExcess: choice(["rescale", "keep"], {
    argument: "RULE",
    help: "when the initial densities give more than the budget: scale them down, or keep them",
    defaultText: "rescale; reference: keep",
  }),
  profile: choice(["corrected", "reference"], {
    argument: "NAME",
    help: "defaults: ours, or those of the published code",
    default: "corrected",
  }),
  augment: choice(["shift", "crop", "none"], {
    argument: "NAME",
    help: "random changes of training images",
    default: "shift",
  }),
  select: choice(["test-clean", "val-clean", "val-pgd", "last"], {
    argument: "RULE",
    help: "how the best network is chosen",
    defaultText: "val-pgd; reference: test-clean",
  }),
};

/** Of the contract, and not there yet. */
export const laterFlags = ["init-from", "mask-from", "static-reparam", "export-format"];

export type SparseTrainOptions = OptionValues<typeof sparseTrainOptions>;

/** What the options come to: every default settled, by profile where it has one. */
export interface SparseTrainSettings {
  /** Null for a dense network. */
  readonly target: Target | null;
  readonly batchSize: number;
  readonly attack: InnerAttack;
  readonly select: SelectionRule;
  readonly excess: "keep" | "rescale";
  /** What was settled, by config key, for records and checkpoints. */
  readonly resolved: Readonly<Record<string, unknown>>;
}

const DEFAULT_BATCH = 128;

/** Throws UsageError where density is given in more than one way, or for a dense network. */
export function settle(options: SparseTrainOptions): SparseTrainSettings {
  const isReference = options.profile === "reference";
  const target = targetOrDense(options);
  const batchSize = options.batchSize === "auto" ? DEFAULT_BATCH : options.batchSize;
  const select = options.select ?? (isReference ? "test-clean" : "val-pgd");
  const excess = options.initExcess ?? (isReference ? "keep" : "rescale");
  return {
    ...{ target, batchSize, select, excess },
    attack: { epsilon: options.epsilon, stepSize: options.attackStep, steps: options.attackSteps },
    resolved: { ...target, batchSize, select, initExcess: excess },
  };
}

function targetOrDense(options: SparseTrainOptions): Target | null {
  if (options.mode !== "dense") return targetOf(options);
  const [name] = givenDensities(options);
  if (name === undefined) return null;
  throw new UsageError(`--${name}: --mode dense has all weights; leave it out, or choose bayes, fixed or random`);
}
