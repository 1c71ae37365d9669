/** What follows the gradients of a batch in each `--mode` of sparse-train. */
import type { Budget, Kernel } from "../sparsity/connectivity.js";
import { type InitialCountOptions, initialCounts } from "../sparsity/layer-counts.js";
import type { Split } from "../sparsity/rewiring.js";
import { connectionExchange } from "../training/connection-exchange.js";
import { connectivitySampling, staticReparametrisation } from "../training/connectivity-sampling.js";
import { deepRewiring } from "../training/deep-rewiring.js";
import { flyingBird } from "../training/flying-bird.js";
import { TrainingTrends } from "../training/flying-bird-plus.js";
import type { StateArrays } from "../training/run-state.js";
import { plainUpdate, type Update } from "../training/update.js";
import type { SparseTrainOptions, SparseTrainSettings } from "./sparse-train-options.js";

export interface UpdateChoice {
  readonly options: SparseTrainOptions;
  readonly settings: SparseTrainSettings;
  readonly kernels: readonly Kernel[];
  /** Null for a dense network. */
  readonly budget: Budget | null;
  readonly initialDensity: InitialCountOptions["initialDensity"];
  /** Steps of the whole schedule. */
  readonly scheduled: number;
  readonly onBudgetReached: (step: number) => void;
  /** What the update of an earlier session left; null at the start. */
  readonly saved: StateArrays | null;
}

/** The share of the schedule's steps in which connections are exchanged. */
const EXCHANGING = 0.75;

export function updateByMode(choice: UpdateChoice): Update {
  const { options, settings, kernels, budget, onBudgetReached } = choice;
  const { momentum, noiseScaling } = settings;
  if (budget === null) return plainUpdate("sgdw", momentum);
  const sampling = { ...options, kernels, budget, momentum, noiseScaling, onBudgetReached };
  switch (options.mode) {
    case "bayes":
      return connectivitySampling({ ...sampling, split: splitOf({ ...choice, budget }) });
    case "deep-rewiring":
      return deepRewiring({ ...sampling, split: splitOf({ ...choice, budget }) });
    case "set":
    case "rigl":
      return connectionExchange({ ...sampling, ...exchangeOf(choice) });
    case "flying-bird":
    case "flying-bird-plus":
      return flyingBird({ ...sampling, ...settings.exchange, scheduled: choice.scheduled, trends: trendsOf(choice) });
    default:
      return options.staticReparam ? staticReparametrisation(sampling) : plainUpdate("sgdw", momentum);
  }
}

function exchangeOf({ settings, scheduled }: UpdateChoice) {
  return { ...settings.exchange, end: Math.floor(EXCHANGING * scheduled) };
}

function trendsOf({ options, saved }: UpdateChoice): TrainingTrends | null {
  return options.mode === "flying-bird-plus" ? new TrainingTrends(saved) : null;
}

/** "target": a layer's size times its initial density, at least 1 so that every layer with room can be drawn. */
function splitOf({ settings, kernels, budget, initialDensity }: UpdateChoice & { readonly budget: Budget }): Split {
  if (settings.split !== "target") return settings.split;
  const targets = initialCounts({ kernels, budget, initialDensity, excess: settings.excess });
  return { weights: kernels.map(({ rewire }, layer) => (rewire ? Math.max(1, targets[layer] ?? 0) : 0)) };
}
