/** What a run of sparse-train will do, settled and checked before anything is written. */
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { ImageSet } from "../data/image-set.js";
import type { Engine } from "../engines/engine.js";
import type { CatalogModel } from "../models/catalog.js";
import { type KernelLayer, weightLayers } from "../models/shapes.js";
import { type Budget, budgetOf, countConnections } from "../sparsity/connectivity.js";
import { type InitialNetwork, initialNetwork } from "../sparsity/initial.js";
import { BatchSource, type PseudoLabelled } from "../training/batch-source.js";
import { objectiveByName } from "../training/objectives/by-name.js";
import type { Objective } from "../training/objectives/objective.js";
import { constantDecay, type Schedule, scheduleByName } from "../training/schedule.js";
import type { Update } from "../training/update.js";
import type { CommandContext } from "./command.js";
import { durationText, measureStep } from "./measured-step.js";
import { chosenModel } from "./model-of-checkpoint.js";
import { pseudoLabelledImages } from "./pseudo-labelled.js";
import { isFlyingBird, type SparseTrainOptions, type SparseTrainSettings, settle } from "./sparse-train-options.js";
import { type StartingPoint, startingPoint } from "./starting-point.js";
import { type TrainingImages, trainingImages } from "./training-images.js";
import { openTrainingRun, requireFolderToResume, type TrainingRun } from "./training-run.js";
import { updateByMode } from "./update-by-mode.js";

export interface SparseTrainPlan extends TrainingImages {
  /** As asked, with the model of the checkpoint that the run begins with. */
  readonly options: SparseTrainOptions;
  readonly settings: SparseTrainSettings;
  readonly model: CatalogModel;
  readonly kernels: readonly KernelLayer[];
  /** Null for a dense network. */
  readonly budget: Budget | null;
  readonly initial: InitialNetwork;
  /** Digest of the checkpoint that it was made from. */
  readonly parent: string | null;
  readonly objective: Objective;
  readonly schedule: Schedule;
  /** Of rst. */
  readonly pseudoImages: ImageSet | null;
  readonly pseudoLabelled: PseudoLabelled | null;
  readonly stepsPerEpoch: number;
  /** Steps of the whole run, fewer than the schedule's with `--steps`. */
  readonly steps: number;
  readonly run: TrainingRun;
}

/** Reads the data and looks at the folder; writes nothing. Errors name the option or file. */
export async function preparePlan(asked: SparseTrainOptions, context: CommandContext): Promise<SparseTrainPlan> {
  requireFolderToResume(asked);
  const settings = settle(asked);
  const { images, ...prepared } = await trainingImages(asked, settings);
  const { model, name, width, isTaken } = await chosenModel(asked, context, images);
  const options = { ...asked, model: name, width };
  const taken = isTaken ? { model: name, width } : {};
  const { batchSize } = settings;
  const pseudo = await pseudoLabelledImages(options, { images, batchSize });
  const batches = { ...prepared, ...pseudo, batchSize, remainder: "drop", seed: options.seed } as const;
  const { stepsPerEpoch } = new BatchSource(batches);
  const kernels = weightLayers(model.graph, model.input);
  const start = await startingPoint(options, { model, kernels });
  const { connections } = start;
  const budget = settings.target && budgetOf(connections === null ? settings.target : { connections }, kernels);
  const total = options.epochs * stepsPerEpoch;
  const dataDigest = [images, pseudo.pseudoImages].flatMap((set) => set?.sha256 ?? []).join("+");
  return {
    ...prepared,
    ...pseudo,
    options,
    selection: { ...prepared.selection, withLoss: options.mode === "flying-bird-plus" },
    ...{ settings: { ...settings, resolved: { ...resolvedWith(start, settings), ...taken } }, parent: start.parent },
    ...{ model, kernels, budget, images, stepsPerEpoch },
    initial: initialOf(model, { options, settings, kernels, budget, start }),
    objective: objectiveByName({ ...options, ...settings }),
    schedule: scheduleOf(options, settings, stepsPerEpoch),
    steps: Math.min(total, options.steps ?? total),
    run: await openTrainingRun({
      command: "sparse-train",
      ...options,
      dataDigest,
      context: identified(context, { ...start.digests, ...taken }),
    }),
  };
}

function scheduleOf(options: SparseTrainOptions, settings: SparseTrainSettings, stepsPerEpoch: number): Schedule {
  const schedule = scheduleByName(options.schedule, { ...options, ...settings, stepsPerEpoch });
  return isFlyingBird(options.mode) ? constantDecay(schedule, settings.weightDecay) : schedule;
}

/** Connections that were brought take the place of the density. */
function resolvedWith({ connections, digests }: StartingPoint, { resolved }: SparseTrainSettings) {
  const { density, ...others } = resolved;
  return { ...(connections === null ? resolved : { ...others, connections }), ...digests };
}

/** A resumed run must begin with the same checkpoints, wherever they lie, and with their model. */
function identified(context: CommandContext, identity: Readonly<Record<string, unknown>>): CommandContext {
  return { ...context, resultConfig: { ...context.resultConfig, ...identity } };
}

/** What follows the gradients. */
export function updateOf(
  plan: SparseTrainPlan,
  options: SparseTrainOptions,
  onBudgetReached: (step: number) => void,
): Update {
  const scheduled = options.epochs * plan.stepsPerEpoch;
  return updateByMode({
    ...plan,
    options,
    initialDensity: initialDensityOf(plan.model, options),
    scheduled,
    onBudgetReached,
    saved: plan.run.saved?.update ?? null,
  });
}

/** Connections above the budget that the network begins with. */
export function excessOf({ kernels, budget, initial }: SparseTrainPlan): number {
  if (budget === null) return 0;
  const counts = kernels.map(({ name, size }) => {
    const tensor = initial.network.tensors.get(`${name}.weight`);
    return tensor?.type === "connections" ? tensor.index.length : size;
  });
  return Math.max(0, countConnections(kernels, counts) - budget.connections);
}

/** For `--dry-run`: steps, connections, memory and hours, from one measured step. */
export async function describePlan(plan: SparseTrainPlan, engine: Engine): Promise<string> {
  const { model, images, samples, selection, budget, steps, settings, objective } = plan;
  const seconds = await measureStep({ ...plan, ...plan.initial, ...settings, remainder: "drop" }, engine);
  const weights = plan.kernels.reduce((sum, { size }) => sum + size, 0);
  const kept = budget === null ? `all ${weights} weights` : `${budget.connections} of ${budget.weights} weights`;
  return [
    `network: ${kept} (${budget === null ? "dense" : `density ${budget.density.toPrecision(3)}`}), ${model.classes} classes`,
    `data: ${images.name}, ${samples.size} training images of ${samples.shape.join("×")}${besides(plan)}, ${selection.samples.size} of the ${selection.split} images select (${selection.rule})`,
    `steps: ${steps}, ${plan.stepsPerEpoch} an epoch, of ${settings.batchSize} images; ${objective.name} costs ${objective.forwardEquivalents} forward passes an image`,
    `engine: ${engine.info.name} on ${engine.info.device}, ${engine.info.threads} threads`,
    durationText(seconds, steps),
    `memory so far: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
    `output: ${plan.run.shownPath}`,
    ...(images.notice ? [images.notice] : []),
  ].join("\n");
}

function besides({ pseudoLabelled }: SparseTrainPlan): string {
  if (pseudoLabelled === null) return "";
  return ` beside ${pseudoLabelled.samples.size} pseudo-labelled ones (${pseudoLabelled.batchSize} of a batch)`;
}

interface InitialChoice {
  readonly options: SparseTrainOptions;
  readonly settings: SparseTrainSettings;
  readonly kernels: readonly KernelLayer[];
  readonly budget: Budget | null;
  readonly start: StartingPoint;
}

function initialOf(model: CatalogModel, { options, settings, kernels, budget, start }: InitialChoice): InitialNetwork {
  const { mode, seed, layers, staticReparam } = options;
  for (const name of layers.keys()) {
    if (kernels.some((kernel) => kernel.name === name)) continue;
    const names = kernels.map((kernel) => kernel.name);
    throw new UsageError(`layers.${name}: ${options.model} has no such layer${didYouMean(name, names)}`);
  }
  const weights = kernels.reduce((sum, { size }) => sum + size, 0);
  return initialNetwork({
    ...model,
    ...{ mode, seed, staticReparam, excess: settings.excess, masks: start.masks, tensors: start.tensors },
    budget: budget ?? { connections: weights, weights, density: 1 },
    initialDensity: initialDensityOf(model, options),
  });
}

function initialDensityOf(model: CatalogModel, { layers }: SparseTrainOptions) {
  return ({ name }: { readonly name: string }, p: number) =>
    layers.get(name) ?? model.initialDensity.get(name)?.(p) ?? p;
}
