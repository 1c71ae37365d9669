/** The three stages of pruning: what each one trains, from which network, by which rule (Sehwag et al. 2020, section 3). */
import type { Engine, Training, WeightRule } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { Schedule } from "../training/schedule.js";
import { plainUpdate, type Update } from "../training/update.js";
import { type AdmmConstants, admmUpdate, restoredSplit, splitLayers } from "./admm.js";
import { currentMasks, hydraUpdate, restoredLayers, type ScoredLayer, scoredLayers } from "./hydra.js";
import { magnitudeMasks, randomMasks } from "./magnitude.js";
import { maskChange } from "./mask.js";
import { maskedNetwork } from "./masked-network.js";
import type { ScoreStart } from "./scores.js";
import type { StageArrays } from "./stage-arrays.js";
import { type StageScheduleName, stageSchedule } from "./stage-schedule.js";

export type StageName = "pretrain" | "prune" | "finetune";
export type PruningMethod = "hydra" | "lwm" | "random" | "admm";

/** How a stage's optimiser goes: SGD with coupled decay, momentum empty at the start. */
export interface StageOptimizer {
  readonly epochs: number;
  readonly schedule: StageScheduleName;
  /** At its peak. */
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
}

export interface StageOptions {
  readonly engine: Engine;
  readonly method: PruningMethod;
  readonly stage: StageName;
  /** Dense for pretrain and prune, masked for finetune; where the stage is resumed, as it was when it stopped. */
  readonly network: Network;
  /** Weights kept by layer name. */
  readonly kept: ReadonlyMap<string, number>;
  readonly optimizer: StageOptimizer;
  /** Of the whole stage. */
  readonly steps: number;
  readonly admm: AdmmConstants;
  readonly scoreStart: ScoreStart;
  readonly freezeBatchNorm: boolean;
  readonly seed: number;
  /** As they were where the stage stopped. */
  readonly resume: StageArrays | null;
}

/** What the training loop needs to know of a stage. */
export interface Stage {
  readonly training: Training;
  readonly update: Update;
  readonly schedule: Schedule;
  /** The stage's result, of the network that its training ended with. */
  readonly ended: (network: Network) => Network;
  /** Of a prune stage: how far its mask has come from its first, as the number of positions that only one of the two has. */
  readonly maskDistance?: () => number;
}

/** Puts a stage's network into the engine, with fresh optimiser state unless resumed. The caller disposes of the training. */
export function openStage(options: StageOptions): Stage {
  const { stage, optimizer, steps, admm } = options;
  const schedule = stageSchedule({ stage, optimizer, steps, cycles: admm.cycles });
  if (stage === "prune")
    return { ...(options.method === "admm" ? openSplit(options) : openPruning(options)), schedule };
  const rules = stage === "finetune" ? maskedRules(options.kept) : new Map<string, WeightRule>();
  const state = options.resume && { state: options.resume.engine };
  const training = options.engine.train(options.network, { rules, ...state });
  return { training, update: plainUpdate("sgd", optimizer.momentum), schedule, ended: (network) => network };
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
  const update = hydraUpdate({ layers, momentum: optimizer.momentum, freezeBatchNorm });
  return { training, update, ended: (trained: Network) => trained, maskDistance: () => distanceOf(layers) };
}

/** All weights train until the stage ends; then the largest of each layer stay. */
function openSplit({ engine, network, kept, optimizer, steps, admm, resume }: StageOptions) {
  const layers = resume ? restoredSplit(kept, resume.update) : splitLayers(network, kept);
  const state = resume && { state: resume.engine };
  const training = engine.train(network, { rules: new Map(), ...state });
  const update = admmUpdate({ layers, momentum: optimizer.momentum, steps, ...admm });
  const ended = (trained: Network) => maskedNetwork(trained, magnitudeMasks(trained, kept));
  return { training, update, ended, maskDistance: () => distanceOf(layers) };
}

function distanceOf(layers: readonly { readonly first: Uint32Array; readonly positions: Uint32Array }[]): number {
  // Both masks of a layer have as many positions, so as many went as came.
  return layers.reduce((sum, { first, positions }) => sum + 2 * maskChange(first, positions).grow.length, 0);
}

function maskedRules(kept: ReadonlyMap<string, number>): Map<string, WeightRule> {
  return new Map([...kept.keys()].map((name) => [name, "masked"]));
}
