/** The three stages of pruning: what each one trains, from which network, by which rule (Sehwag et al. 2020, section 3). */
import type { Engine, Training, WeightRule } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { LabelledBatch } from "../training/batch-source.js";
import type { Schedule } from "../training/schedule.js";
import { plainUpdate, type Update } from "../training/update.js";
import { type AdmmConstants, admmUpdate, restoredSplit, splitLayers } from "./admm.js";
import { currentMasks, hydraUpdate, outlierRatios, restoredLayers, type ScoredLayer, scoredLayers } from "./hydra.js";
import { lossGradients } from "./loss-gradients.js";
import { magnitudeMasks, randomMasks } from "./magnitude.js";
import { maskChange } from "./mask.js";
import { maskedNetwork } from "./masked-network.js";
import type { ScoreStart } from "./scores.js";
import type { PruningMethod, StageName, StageOptimizer } from "./stage.js";
import type { StageArrays } from "./stage-arrays.js";
import { stageSchedule } from "./stage-schedule.js";

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
  /** Of training, for scores that start from a gradient. */
  readonly firstBatch: () => LabelledBatch;
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
  /** Of a prune stage that learns its mask. */
  readonly mask?: LearnedMask;
}

export interface LearnedMask {
  /** How far it has come from the stage's first, as the number of positions that only one of the two has. */
  readonly distance: () => number;
  /** By layer, the largest |weight| over the median where the scores start scaled by it; null where they do not. */
  readonly outliers: readonly number[] | null;
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

function openPruning(options: StageOptions) {
  const { engine, network, kept, optimizer, scoreStart, freezeBatchNorm, resume } = options;
  const layers = resume ? restoredLayers(kept, resume.update) : startedLayers(options);
  const state = resume && { state: resume.engine };
  const training = engine.train(resume ? network : maskedNetwork(network, currentMasks(layers)), {
    rules: maskedRules(kept),
    fullGradients: new Set(kept.keys()),
    ...state,
  });
  const update = hydraUpdate({ layers, momentum: optimizer.momentum, freezeBatchNorm });
  const outliers = scoreStart === "scaled" ? outlierRatios(layers) : null;
  const mask = { distance: () => distanceOf(layers), outliers };
  return { training, update, ended: (trained: Network) => trained, mask };
}

function startedLayers({ engine, network, kept, scoreStart: start, firstBatch, seed }: StageOptions): ScoredLayer[] {
  const gradients =
    start === "snip" ? lossGradients({ engine, network, layers: kept.keys(), batch: firstBatch() }) : null;
  return scoredLayers({ network, kept, start, gradients, seed });
}

/** All weights train until the stage ends; then the largest of each layer stay. */
function openSplit({ engine, network, kept, optimizer, steps, admm, resume }: StageOptions) {
  const layers = resume ? restoredSplit(kept, resume.update) : splitLayers(network, kept);
  const state = resume && { state: resume.engine };
  const training = engine.train(network, { rules: new Map(), ...state });
  const update = admmUpdate({ layers, momentum: optimizer.momentum, steps, ...admm });
  const ended = (trained: Network) => maskedNetwork(trained, magnitudeMasks(trained, kept));
  return { training, update, ended, mask: { distance: () => distanceOf(layers), outliers: null } };
}

function distanceOf(layers: readonly { readonly first: Uint32Array; readonly positions: Uint32Array }[]): number {
  // Both masks of a layer have as many positions, so as many went as came.
  return layers.reduce((sum, { first, positions }) => sum + 2 * maskChange(first, positions).grow.length, 0);
}

function maskedRules(kept: ReadonlyMap<string, number>): Map<string, WeightRule> {
  return new Map([...kept.keys()].map((name) => [name, "masked"]));
}
