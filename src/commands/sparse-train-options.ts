/** The options of sparse-train, and what they come to once profile and defaults are settled. */
import { UsageError } from "../core/errors.js";
import type { Target } from "../sparsity/connectivity.js";
import { DEEP_REWIRING_NOISE } from "../training/deep-rewiring.js";
import type { InnerAttack } from "../training/objectives/objective.js";
import type { SelectionRule } from "../training/selection.js";
import { densityOptions, targetOf } from "./density-options.js";
import { choice, count, layerDensities, number, type OptionValues, text, toggle } from "./options.js";
import {
  engine,
  everyCommand,
  objectiveStrength,
  pixelRange,
  profiled,
  selfTraining,
  training,
  trainingData,
} from "./shared-options.js";

const modes = [
  ...(["bayes", "fixed", "random", "dense", "deep-rewiring", "set", "rigl"] as const),
  ...(["flying-bird", "flying-bird-plus"] as const),
] as const;

export const sparseTrainOptions = {
  ...everyCommand,
  ...engine,
  ...trainingData,
  ...training,
  model: text({
    argument: "NAME",
    help: "network: vgg16, resnet18, resnet34, resnet50, wrn28_4, any wrnD_W, tinycnn",
    default: "vgg16",
  }),
  width: number({ argument: "X", help: "factor on its channels", default: 1, above: 0 }),
  mode: choice(modes, {
    argument: "NAME",
    help: "connections that move every step, that stay, that stay at one density everywhere, all weights; other ways to move",
    default: "bayes",
    exclusive: { group: "density", when: "dense" },
  }),
  ...densityOptions({
    density: "share of the weights that are connections",
    connections: "the same as a number of connections",
  }),
  layers: layerDensities({ help: "initial densities of single layers instead of the model's" }),
  initFrom: text({
    argument: "CHECKPOINT",
    help: "begin with its parameters, and with its connections where it is sparse",
    defaultText: "none",
    changesResult: false,
  }),
  maskFrom: text({
    argument: "CHECKPOINT",
    help: "begin with its connections, weights drawn anew",
    defaultText: "none",
    changesResult: false,
  }),
  staticReparam: toggle({
    help: "fixed and random: connections keep their sign, and one that reaches 0 is gone for good",
  }),
  objective: choice(["natural", "at", "mat", "trades", "mart", "rst"], {
    argument: "NAME",
    help: "loss: clean images, attacked ones (at), half of them (mat), TRADES, MART, TRADES with pseudo-labels (rst)",
    default: "at",
  }),
  epochs: count({ argument: "N", help: "passes over the training images", default: 200, atLeast: 1 }),
  steps: count({ argument: "N", help: "stop after N steps; the schedule stays that of --epochs", atLeast: 1 }),
  learningRate: number({ argument: "X", help: "learning rate at the start", default: 0.1, above: 0 }),
  schedule: choice(["steps", "cosine"], {
    argument: "NAME",
    help: "learning rate and weight decay fall tenfold at half and three quarters of the steps, or to 0 along a cosine",
    default: "steps",
  }),
  weightDecay: number({
    argument: "X",
    help: "weight decay at the start, decoupled; flying-bird's is coupled and stays",
    atLeast: 0,
    defaultText: "0.0005; deep-rewiring: 0",
  }),
  momentum: number({ argument: "X", help: "momentum", atLeast: 0, below: 1, defaultText: "0.9; deep-rewiring: 0" }),
  epsilon: number({ argument: "X", help: "radius of the training attack", default: "8/255", ...pixelRange }),
  attackStep: number({ argument: "X", help: "its step", default: "2/255", ...pixelRange }),
  ...objectiveStrength,
  ...selfTraining,
  ema: number({
    argument: "X",
    help: "judge and write a moving average of the parameters that keeps this share at each step",
    above: 0,
    below: 1,
    defaultText: "none",
  }),
  noiseScaling: number({
    argument: "X",
    help: "sigma of the noise on connections",
    atLeast: 0,
    defaultText: "0.000001; deep-rewiring: 0.00001",
  }),
  noiseMode: choice(["code", "langevin"], {
    argument: "NAME",
    help: "its deviation: rate times sigma, as the published code, or sqrt(sigma times rate)",
    default: "code",
  }),
  split: choice(["size", "free", "target"], {
    argument: "RULE",
    help: "reconnections go to layers by their size, their dormant connections, or their size times initial density",
    defaultText: "size; deep-rewiring: target",
  }),
  resetMomentum: toggle({ help: "a connection that comes back forgets its momentum" }),
  exchangeEvery: count({
    argument: "N",
    help: "steps between two exchanges of set, rigl and flying-bird; there from half of the steps a third more",
    atLeast: 1,
    defaultText: "100; flying-bird: 900",
  }),
  dropFraction: number({
    argument: "X",
    help: "share of a layer's connections that they exchange at first; it falls to 0 at three quarters of the steps, flying-bird's to 0.005 at the end",
    above: 0,
    atMost: 1,
    defaultText: "0.3; flying-bird: 0.5",
  }),
  grow: choice(["random", "gradient"], {
    argument: "RULE",
    help: "what comes in flying-bird's exchanges: connections at random, or those of the largest gradients",
    defaultText: "random",
  }),
  initExcess: choice(["rescale", "keep"], {
    argument: "RULE",
    help: "when the initial densities give more than the budget: scale them down, or keep them",
    defaultText: "rescale; reference: keep",
  }),
  ...profiled,
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
export const laterFlags = ["export-format"];

export type SparseTrainOptions = OptionValues<typeof sparseTrainOptions>;

/** What the options come to: every default settled, by profile where it has one. */
export interface SparseTrainSettings {
  /** Null for a dense network. */
  readonly target: Target | null;
  readonly batchSize: number;
  readonly attack: InnerAttack;
  readonly select: SelectionRule;
  readonly excess: "keep" | "rescale";
  readonly momentum: number;
  readonly weightDecay: number;
  readonly noiseScaling: number;
  readonly split: "size" | "free" | "target";
  readonly exchange: ExchangeSettings;
  /** What was settled, by config key, for records and checkpoints. */
  readonly resolved: Readonly<Record<string, unknown>>;
}

/** How set, rigl and Flying Bird exchange connections. */
export interface ExchangeSettings {
  readonly grow: "random" | "gradient";
  /** Steps. */
  readonly every: number;
  /** Of a layer's connections, at first. */
  readonly fraction: number;
}

const DEFAULT_BATCH = 128;

/** Throws UsageError where options exclude each other. */
export function settle(options: SparseTrainOptions): SparseTrainSettings {
  const isReference = options.profile === "reference";
  const target = targetOrDense(options);
  const batchSize = options.batchSize === "auto" ? DEFAULT_BATCH : options.batchSize;
  const select = options.select ?? (isReference ? "test-clean" : "val-pgd");
  const excess = options.initExcess ?? (isReference ? "keep" : "rescale");
  requireStatic(options);
  requireJudged(options, select);
  const descent = descentOf(options);
  const exchange = exchangeOf(options);
  const { grow, every: exchangeEvery, fraction: dropFraction } = exchange;
  return {
    ...{ target, batchSize, select, excess, exchange },
    ...descent,
    attack: { epsilon: options.epsilon, stepSize: options.attackStep, steps: options.attackSteps },
    resolved: {
      ...{ ...target, ...descent, batchSize, select, initExcess: excess },
      ...{ exchangeEvery, dropFraction, ...(isFlyingBird(options.mode) ? { grow } : {}) },
    },
  };
}

export function isFlyingBird(mode: SparseTrainOptions["mode"]): boolean {
  return mode === "flying-bird" || mode === "flying-bird-plus";
}

/** Mocanu et al. 2018, Evci et al. 2020; Chen et al. 2022 and their program. */
function exchangeOf({ mode, grow, exchangeEvery, dropFraction }: SparseTrainOptions): ExchangeSettings {
  const isBird = isFlyingBird(mode);
  return {
    grow: mode === "rigl" ? "gradient" : ((isBird ? grow : null) ?? "random"),
    every: exchangeEvery ?? (isBird ? 900 : 100),
    fraction: dropFraction ?? (isBird ? 0.5 : 0.3),
  };
}

/** Deep rewiring is plain descent with noise and a split of its own (Bellec et al. 2018). */
function descentOf({ mode, momentum, weightDecay, noiseScaling, split }: SparseTrainOptions) {
  const defaults =
    mode === "deep-rewiring"
      ? ({ momentum: 0, weightDecay: 0, noiseScaling: DEEP_REWIRING_NOISE, split: "target" } as const)
      : ({ momentum: 0.9, weightDecay: 5e-4, noiseScaling: 1e-6, split: "size" } as const);
  return {
    momentum: momentum ?? defaults.momentum,
    weightDecay: weightDecay ?? defaults.weightDecay,
    noiseScaling: noiseScaling ?? defaults.noiseScaling,
    split: split ?? defaults.split,
  };
}

function requireStatic({ staticReparam, mode }: SparseTrainOptions): void {
  if (!staticReparam || mode === "fixed" || mode === "random") return;
  throw new UsageError(`--static-reparam: only --mode fixed and random have static connections; --mode is ${mode}`);
}

/** Flying Bird+ goes by accuracy and loss under attack on held-out images, after every epoch. */
function requireJudged({ mode }: SparseTrainOptions, select: SelectionRule): void {
  if (mode !== "flying-bird-plus" || select === "val-pgd") return;
  throw new UsageError(
    `--select ${select}: --mode flying-bird-plus needs val-pgd, by whose accuracies it grows and shrinks`,
  );
}

function targetOrDense(options: SparseTrainOptions): Target | null {
  return options.mode === "dense" ? null : targetOf(options);
}
