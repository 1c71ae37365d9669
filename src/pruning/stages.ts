/** The three stages of pruning: what each one trains, from which network, by which rule (Sehwag et al. 2020, section 3). */
import type { Engine, StateTensor, Training, WeightRule } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { Schedule } from "../training/schedule.js";
import { plainUpdate, type Update } from "../training/update.js";
import { cosineRate } from "./cosine-schedule.js";
import { currentMasks, hydraUpdate, restoredLayers, type ScoredLayer, scoredLayers } from "./hydra.js";
import { magnitudeMasks, randomMasks } from "./magnitude.js";
import { maskedNetwork } from "./masked-network.js";
import type { ScoreStart } from "./scores.js";

export type StageName = "pretrain" | "prune" | "finetune";
export type PruningMethod = "hydra" | "lwm" | "random";

/** How a stage's optimiser goes: SGD with coupled decay, momentum empty at the start, a cosine over the stage's epochs. */
export interface StageOptimizer {
  readonly epochs: number;
  /** Peak of the cosine. */
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
}

export interface StageOptions {
  readonly engine: Engine;
  readonly stage: StageName;
  /** Dense for pretrain and prune, masked for finetune; where the stage is resumed, as it was when it stopped. */
  readonly network: Network;
  /** Weights kept by layer name. */
  readonly kept: ReadonlyMap<string, number>;
  readonly optimizer: StageOptimizer;
  readonly scoreStart: ScoreStart;
  readonly freezeBatchNorm: boolean;
  readonly seed: number;
  /** As they were where the stage stopped. */
  readonly resume: StageArrays | null;
}

/** What a stage's continuation needs beside its network: momenta, and in the prune stage weights and scores. */
export interface StageArrays {
  readonly engine: ReadonlyMap<string, StateTensor>;
  readonly update: ReadonlyMap<string, StateTensor>;
}

/** What the training loop needs to know of a stage. */
export interface Stage {
  readonly training: Training;
  readonly update: Update;
  readonly schedule: Schedule;
}

/** Puts a stage's network into the engine, with fresh optimiser state unless resumed. The caller disposes of the training. */
export function openStage(options: StageOptions): Stage {
  const { optimizer, stage } = options;
  const schedule: Schedule = ({ epoch }) => ({
    learningRate: cosineRate(optimizer.learningRate, epoch, optimizer.epochs),
    weightDecay: optimizer.weightDecay,
  });
  if (stage === "prune") return { ...openPruning(options), schedule };
  const rules = stage === "finetune" ? maskedRules(options.kept) : new Map<string, WeightRule>();
  const state = options.resume && { state: options.resume.engine };
  const training = options.engine.train(options.network, { rules, ...state });
  return { training, update: plainUpdate("sgd", optimizer.momentum), schedule };
}

/** The pruned network of a method that looks at the weights once, or not at all, and learns no mask. */
export function prunedAtOnce(
  network: Network,
  { method, kept, seed }: { method: "lwm" | "random"; kept: ReadonlyMap<string, number>; seed: number },
): Network {
  return maskedNetwork(network, method === "lwm" ? magnitudeMasks(network, kept) : randomMasks(network, kept, seed));
}

function openPruning({ engine, network, kept, optimizer, scoreStart, freezeBatchNorm, seed, resume }: StageOptions) {
  const layers: ScoredLayer[] = resume
    ? restoredLayers(kept, resume.update)
    : scoredLayers({ network, kept, start: scoreStart, seed });
  const state = resume && { state: resume.engine };
  const training = engine.train(resume ? network : maskedNetwork(network, currentMasks(layers)), {
    rules: maskedRules(kept),
    fullGradients: new Set(kept.keys()),
    ...state,
  });
  return { training, update: hydraUpdate({ layers, momentum: optimizer.momentum, freezeBatchNorm }) };
}

function maskedRules(kept: ReadonlyMap<string, number>): Map<string, WeightRule> {
  return new Map([...kept.keys()].map((name) => [name, "masked"]));
}
