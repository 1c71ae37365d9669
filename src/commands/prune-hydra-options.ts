/** The options of prune-hydra, and what they come to once profile and defaults are settled. */

import { UsageError } from "../core/errors.js";
import type { AdmmConstants } from "../pruning/admm.js";
import { scoreStarts } from "../pruning/scores.js";
import { type PruningMethod, type StageName, type StageOptimizer, stageSchedules } from "../pruning/stage.js";
import type { Target } from "../sparsity/connectivity.js";
import type { InnerAttack, StatisticsRule } from "../training/objectives/objective.js";
import type { SelectionRule } from "../training/selection.js";
import { densityOptions, givenDensities, targetOf } from "./density-options.js";
import { choice, count, number, type OptionValues, text, toggle } from "./options.js";
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

/** Of `--allocation`, which also takes another network's layout: "budget-of CHECKPOINT". */
export const allocationRules = ["uniform", "erk"] as const;

/** Of a network that is pre-trained here. */
export const DEFAULT_DATA = "cifar10";

export const objectives = ["natural", "at", "mat", "trades", "mart", "rst"] as const;

export const pruneHydraOptions = {
  ...everyCommand,
  ...engine,
  ...trainingData,
  data: text({
    argument: "NAME",
    help: "data set: cifar10, cifar100, svhn, fashion, sample or a folder",
    defaultText: "the checkpoint's, else cifar10",
  }),
  ...training,
  method: choice(["hydra", "lwm", "random", "admm"], {
    argument: "NAME",
    help: "learned masks, the largest weights, any weights, or weights drawn to a sparse copy of theirs",
    default: "hydra",
  }),
  stage: choice(["all", "pretrain", "prune", "finetune"], {
    argument: "NAME",
    help: "run one stage only",
    default: "all",
  }),
  model: text({ argument: "NAME", help: "network to pre-train when no CHECKPOINT is given", default: "vgg16" }),
  width: number({ argument: "X", help: "factor on its channels", default: 1, above: 0 }),
  ...densityOptions({
    density: "share of each layer's weights to keep",
    connections: "weights to keep in all, at one ratio in every layer",
  }),
  allocation: text({
    argument: "RULE",
    help: 'how layers share them: uniform, erk (larger layers sparser), or "budget-of CHECKPOINT" (as a sparse network has them)',
    default: "uniform",
    changesResult: false,
  }),
  from: choice(["last", "best"], {
    argument: "NAME",
    help: "which network of a stage the next one starts from",
    default: "last",
  }),
  objective: choice(objectives, {
    argument: "NAME",
    help: "loss of all stages",
    default: "trades",
    defaultText: "the checkpoint's, else trades",
  }),
  ...selfTraining,
  padding: choice(["tf", "torch"], {
    argument: "RULE",
    help: "zeros around 3×3 convolutions of stride 2: at the bottom and right, or on all sides",
    default: "tf",
  }),
  scaleWeights: toggle({ help: "first weights times 1/sqrt(density), for nets that are sparse from the start" }),
  pretrainEpochs: count({ argument: "N", help: "epochs of dense pre-training", default: 100 }),
  pruneEpochs: count({ argument: "N", help: "epochs in which the masks are learned", default: 20 }),
  finetuneEpochs: count({ argument: "N", help: "epochs of fine-tuning the kept weights", default: 100, atLeast: 1 }),
  learningRate: number({ argument: "X", help: "peak rate of pretrain and prune", default: 0.1, above: 0 }),
  pruneLearningRate: number({
    argument: "X",
    help: "peak rate of prune alone",
    above: 0,
    defaultText: "--learning-rate; admm: 0.01",
  }),
  finetuneLearningRate: number({ argument: "X", help: "peak rate of finetune", default: 0.01, above: 0 }),
  schedule: choice(stageSchedules, {
    argument: "NAME",
    help: "rates over each stage: HYDRA's cosine, a tenth from 3/4 and from 9/10, or as ADMM's authors",
    defaultText: "cosine; admm: admm",
  }),
  rho: number({
    argument: "X",
    help: "admm: how firmly weights are drawn to their sparse copy",
    default: 1e-3,
    above: 0,
  }),
  rhoGrowth: number({ argument: "X", help: "admm: factor on rho at each update of the copy", default: 1, atLeast: 1 }),
  admmCycles: count({
    argument: "N",
    help: "admm: equal parts of the prune stage, the copy is updated between them",
    default: 10,
    atLeast: 1,
  }),
  weightDecay: number({ argument: "X", help: "coupled weight decay, also of the scores", default: 1e-4, atLeast: 0 }),
  momentum: number({ argument: "X", help: "momentum", default: 0.9, atLeast: 0, below: 1 }),
  epsilon: number({
    argument: "X",
    help: "radius of the training attack",
    ...pixelRange,
    defaultText: "8/255; reference: 0.031",
  }),
  attackStep: number({ argument: "X", help: "its step", ...pixelRange, defaultText: "2/255; reference: 0.0078" }),
  ...objectiveStrength,
  ...profiled,
  augment: choice(["shift", "crop", "none"], {
    argument: "NAME",
    help: "random changes of training images",
    default: "crop",
  }),
  select: choice(["test-clean", "val-clean", "val-pgd", "last"], {
    argument: "RULE",
    help: "how the best network of finetune is chosen",
    defaultText: "val-pgd; reference: test-clean",
  }),
  bnUpdates: choice(["once", "hydra"], {
    argument: "RULE",
    help: "running statistics of batch-norm: one update a forward pass, or the published code's four",
    defaultText: "once; reference: hydra",
  }),
  scoreInit: choice(scoreStarts, {
    argument: "NAME",
    help: "first importance scores",
    default: "scaled",
  }),
  freezeBn: toggle({ help: "leave gamma and beta of batch-norm alone while pruning" }),
  bnReestimate: count({
    argument: "N",
    help: "lwm, random: batches that estimate batch-norm's running statistics again after pruning",
    default: 0,
  }),
};

/** Of the contract, and not there yet. */
export const laterFlags: readonly string[] = [];

export type PruneHydraOptions = OptionValues<typeof pruneHydraOptions>;

/** What the options come to: every default settled, by profile where it has one. */
export interface PruningSettings {
  readonly method: PruningMethod;
  /** What is to be kept; null where a stage alone does not ask: pretrain keeps all, finetune what its network has. */
  readonly target: Target | null;
  readonly optimizers: Readonly<Record<StageName, StageOptimizer>>;
  readonly admm: AdmmConstants;
  readonly batchSize: number;
  readonly attack: InnerAttack;
  readonly statistics: StatisticsRule;
  readonly select: SelectionRule;
  /** What was settled, by config key, for records and checkpoints. */
  readonly resolved: Readonly<Record<string, unknown>>;
}

/** Every default settled, by profile where it has one. */
export function settle(options: PruneHydraOptions): PruningSettings {
  const isReference = options.profile === "reference";
  const target = targetFor(options);
  const batchSize = options.batchSize === "auto" ? defaultBatch(options) : options.batchSize;
  const epsilon = options.epsilon ?? (isReference ? 0.031 : 8 / 255);
  const attackStep = options.attackStep ?? (isReference ? 0.0078 : 2 / 255);
  const bnUpdates = options.bnUpdates ?? (isReference ? "hydra" : "once");
  const optimizers = optimizersOf(options);
  const { schedule, learningRate: pruneLearningRate } = optimizers.prune;
  const select = options.select ?? (isReference ? "test-clean" : "val-pgd");
  if (options.from === "best" && select === "last")
    throw new UsageError("--from best: --select last chooses no best network; take another rule");
  return {
    ...{ method: options.method, target, batchSize, select },
    admm: { rho: options.rho, rhoGrowth: options.rhoGrowth, cycles: options.admmCycles },
    optimizers,
    attack: { epsilon, stepSize: attackStep, steps: options.attackSteps },
    statistics: statisticsOf(bnUpdates),
    resolved: { ...target, batchSize, epsilon, attackStep, bnUpdates, select, schedule, pruneLearningRate },
  };
}

const DEFAULT_BATCH = 128;

/** As the published code: 128 labelled images, and for robust self-training as many pseudo-labelled ones beside them. */
function defaultBatch({ objective }: PruneHydraOptions): number {
  return objective === "rst" ? 2 * DEFAULT_BATCH : DEFAULT_BATCH;
}

/** Of the prune stage (Ye et al. 2019). */
const ADMM_RATE = 0.01;

function targetFor(options: PruneHydraOptions): Target | null {
  const { stage } = options;
  if (stage === "pretrain" || (stage === "finetune" && givenDensities(options).length === 0)) return null;
  return targetOf(options);
}

function optimizersOf(options: PruneHydraOptions): Readonly<Record<StageName, StageOptimizer>> {
  const { method, weightDecay, momentum, learningRate, finetuneLearningRate } = options;
  const isAdmm = method === "admm";
  const common = { weightDecay, momentum, learningRate, schedule: options.schedule ?? (isAdmm ? "admm" : "cosine") };
  const pruneLearningRate = options.pruneLearningRate ?? (isAdmm ? ADMM_RATE : learningRate);
  return {
    pretrain: { ...common, epochs: options.pretrainEpochs },
    prune: { ...common, epochs: options.pruneEpochs, learningRate: pruneLearningRate },
    finetune: { ...common, epochs: options.finetuneEpochs, learningRate: finetuneLearningRate },
  };
}

/** The published code is PyTorch, which keeps the unbiased variance; otherwise as in sparse-train, so that both compare. */
function statisticsOf(updates: StatisticsRule["updates"]): StatisticsRule {
  return { updates, variance: updates === "hydra" ? "unbiased" : "biased" };
}
