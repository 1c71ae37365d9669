/** What a run of prune-hydra will do, settled and checked before anything is written. */
import { InputError, UsageError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import type { Engine } from "../engines/engine.js";
import { catalogModel } from "../models/catalog.js";
import type { Network } from "../models/network.js";
import { weightLayers } from "../models/shapes.js";
import { torchPadded } from "../models/torch-padding.js";
import { initialNetwork, scaledForDensity } from "../pruning/initial-weights.js";
import { masksOf } from "../pruning/masked-network.js";
import type { StageName } from "../pruning/stage.js";
import { BatchSource, type PseudoLabelled } from "../training/batch-source.js";
import { objectiveByName } from "../training/objectives/by-name.js";
import type { Objective } from "../training/objectives/objective.js";
import { begunRun, requireSameSource, sourcePath } from "./begun-run.js";
import type { CommandContext } from "./command.js";
import { durationText, measureStep } from "./measured-step.js";
import { objectives, type PruneHydraOptions, type PruningSettings, settle } from "./prune-hydra-options.js";
import { chosenAllocation } from "./pruning-allocation.js";
import { densityOf, keptWeights } from "./pruning-counts.js";
import { pruningData } from "./pruning-data.js";
import { type PruningSource, pruningSource } from "./pruning-source.js";
import { pseudoLabelledImages } from "./pseudo-labelled.js";
import { type TrainingImages, trainingImages } from "./training-images.js";
import { openTrainingRun, requireFolderToResume, type TrainingRun } from "./training-run.js";

export interface PruningPlan extends TrainingImages {
  /** As asked, with the objective of the network that is pruned. */
  readonly options: PruneHydraOptions;
  readonly settings: PruningSettings;
  /** What the first stage starts from. */
  readonly network: Network;
  /** The checkpoint that it came from; null for a network that is pre-trained here. */
  readonly source: PruningSource | null;
  readonly stages: readonly StageName[];
  /** Weights kept by layer. */
  readonly kept: ReadonlyMap<string, number>;
  /** As recorded: the method that chose, or will choose, what is kept. */
  readonly method: string;
  /** Target density of the pruned network. */
  readonly density: number;
  readonly objective: Objective;
  /** Of rst. */
  readonly pseudoImages: ImageSet | null;
  readonly pseudoLabelled: PseudoLabelled | null;
  readonly run: TrainingRun;
}

/** Reads source and data and looks at the folder; writes nothing but what passes through. Errors name the option or file. */
export async function preparePlan(asked: PruneHydraOptions, context: CommandContext): Promise<PruningPlan> {
  requireFolderToResume(asked);
  const { allocation, identity } = await chosenAllocation(asked, settle(asked).target);
  const source = await sourceOf(asked, context);
  const objective = objectiveOf(asked, source, context);
  const options = { ...asked, objective };
  const settled = settle(options);
  const { density: _, ...others } = settled.resolved;
  const resolved = allocation?.kind === "budget-of" ? others : settled.resolved;
  const settings = { ...settled, resolved: { ...resolved, ...identity, objective } };
  const images = await trainingImages({ ...options, data: pruningData(options.data, source) }, settings);
  if (source !== null) requireSameModel(source, options, context);
  const network = source === null ? newNetwork(options, images.images) : fitting(source, images.images);
  const stages = stagesFor(options, source);
  const kept = keptWeights(network, { stages, source, allocation });
  const density = densityOf(network, kept, { stages, source, allocation });
  const pseudo = await pseudoLabelledImages(options, { images: images.images, batchSize: settings.batchSize });
  const dataDigest = [images.images, pseudo.pseudoImages].flatMap((set) => set?.sha256 ?? []).join("+");
  return {
    ...images,
    options,
    pseudoImages: pseudo.pseudoImages,
    pseudoLabelled: pseudo.pseudoLabelled && { ...pseudo.pseudoLabelled, order: "epoch" },
    ...{ settings, source, stages, kept, density },
    network: options.scaleWeights && source === null ? scaledForDensity(network, density) : network,
    method: methodOf(stages, source, settings),
    objective: objectiveByName({ ...options, ...settings }),
    run: await openTrainingRun({
      command: "prune-hydra",
      ...options,
      dataDigest,
      // A resumed run must have the same layout, wherever the checkpoint lies that it is of, and the same objective.
      context: { ...context, resultConfig: { ...context.resultConfig, ...identity, objective } },
    }),
  };
}

/** For `--dry-run`. */
export async function describePlan(plan: PruningPlan, engine: Engine): Promise<string> {
  const { settings, source, stages, samples, selection, images, objective, kept, network, run } = plan;
  const { batchSize } = settings;
  const { stepsPerEpoch } = new BatchSource({ ...plan, batchSize, remainder: "keep", seed: 0 });
  const weights = sum(weightLayers(network.graph, network.input).map(({ size, rewire }) => (rewire ? size : 0)));
  const rules = new Map([...masksOf(network).keys()].map((name) => [name, "masked"] as const));
  const seconds = await measureStep({ ...plan, batchSize, rules, remainder: "keep" }, engine);
  const epochs = stages.map((stage) => stageText(stage, settings));
  return [
    `network: ${source === null ? "pre-trained here" : source.path}, keeps ${sum(kept.values())} of ${weights} weights`,
    `data: ${images.name}, ${samples.size} training images of ${samples.shape.join("×")}, ${selection.samples.size} of the ${selection.split} images select (${selection.rule})`,
    `stages: ${epochs.join(", ")}; ${stepsPerEpoch} steps an epoch of ${batchSize} images; ${objective.name} costs ${objective.forwardEquivalents} forward passes an image`,
    `engine: ${engine.info.name} on ${engine.info.device}, ${engine.info.threads} threads`,
    durationText(seconds, stepsPerEpoch * sum(stages.map((stage) => trainedEpochs(stage, settings)))),
    `memory so far: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
    `output: ${run.shownPath}`,
    ...(images.notice ? [images.notice] : []),
  ].join("\n");
}

function stageText(stage: StageName, settings: PruningSettings): string {
  const epochs = trainedEpochs(stage, settings);
  if (epochs === 0) return `${stage} by ${settings.method} at once`;
  return `${stage} ${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
}

/** The baselines prune without training. */
function trainedEpochs(stage: StageName, { method, optimizers }: PruningSettings): number {
  return stage === "prune" && (method === "lwm" || method === "random") ? 0 : optimizers[stage].epochs;
}

/** The checkpoint given; a resumed run goes on from the one it was begun from. */
async function sourceOf(options: PruneHydraOptions, context: CommandContext): Promise<PruningSource | null> {
  const begun = await begunRun(options);
  const path = sourcePath(context.positionals[0], begun);
  requireSourceFor(options.stage, path);
  const source = await pruningSource(path, options.dryRun ? { ...context, print: () => {} } : context);
  if (begun !== null) requireSameSource(source, begun);
  return source;
}

/**
 * A network is pruned as it was trained, unless another objective is asked for. One that cannot be gone on with (unknown, or
 * without its pseudo-labelled images) leaves the default, with a note.
 */
function objectiveOf(
  { objective, rstData, resume }: PruneHydraOptions,
  source: PruningSource | null,
  { given, note }: CommandContext,
): PruneHydraOptions["objective"] {
  const trained = source?.checkpoint.objective;
  if (trained === undefined || trained === objective || resume || given.has("objective")) return objective;
  const known = objectives.find((name) => name === trained);
  if (known !== undefined && (known !== "rst" || rstData !== null)) return known;
  const way = known === "rst" ? "give --rst-data to prune it with rst too" : "--objective says otherwise";
  note(`${source?.path}: was trained with ${trained} and is pruned with ${objective}; ${way}`);
  return objective;
}

function requireSourceFor(stage: PruneHydraOptions["stage"], path: string | null): void {
  if (stage === "pretrain" && path !== null)
    throw new UsageError(`${path}: --stage pretrain makes a network of its own; leave the checkpoint out`);
  if ((stage === "prune" || stage === "finetune") && path === null) {
    const what = stage === "prune" ? "the dense network" : "the pruned network";
    throw new UsageError(`--stage ${stage}: ${what} is missing; give its checkpoint, or - to take it from stdin`);
  }
}

function newNetwork({ model, width, seed, padding }: PruneHydraOptions, images: ImageSet): Network {
  const input = [images.height, images.width, images.channels] as const;
  const { graph, classes } = catalogModel({ name: model, width, input, classes: images.classes.length });
  const padded = padding === "torch" ? torchPadded(graph) : graph;
  return initialNetwork({ input, classes, graph: padded, model, seed });
}

/** A model is the source's; one that is named must be the same. */
function requireSameModel(
  { path, checkpoint }: PruningSource,
  { model, width }: PruneHydraOptions,
  { given }: CommandContext,
): void {
  const { name, width: factor = 1 } = checkpoint.model ?? {};
  if (name !== undefined && given.has("model") && name !== model)
    throw new UsageError(`--model ${model}: ${path} holds ${name}, which is what would be pruned; leave --model out`);
  if (name !== undefined && given.has("width") && factor !== width)
    throw new UsageError(
      `--width ${width}: ${path} has width ${factor}, which is what would be pruned; leave --width out`,
    );
}

function fitting({ path, network }: PruningSource, images: ImageSet): Network {
  const found = [images.height, images.width, images.channels];
  if (found.join() !== network.input.join())
    throw new InputError(
      `${path}: takes images of ${network.input.join("×")}; those of --data ${images.name} are ${found.join("×")}`,
    );
  if (images.classes.length !== network.classes)
    throw new InputError(`${path}: has ${network.classes} classes; --data ${images.name} has ${images.classes.length}`);
  return network;
}

/** With a dense network given, all stages are those after pre-training. */
function stagesFor({ stage }: PruneHydraOptions, source: PruningSource | null): readonly StageName[] {
  const isPruned = source !== null && masksOf(source.network).size > 0;
  if (stage === "finetune" && !isPruned)
    throw new InputError(
      `${source?.path}: is dense; --stage finetune takes a pruned network, which --stage prune makes`,
    );
  if (stage !== "finetune" && isPruned)
    throw new InputError(`${source.path}: is sparse; pruning takes a dense network, and --stage finetune a pruned one`);
  if (stage !== "all") return [stage];
  return source === null ? ["pretrain", "prune", "finetune"] : ["prune", "finetune"];
}

/** A network that is only fine-tuned keeps the name of the method that pruned it. */
function methodOf(stages: readonly StageName[], source: PruningSource | null, { method }: PruningSettings): string {
  const known = stages[0] === "finetune" ? source?.checkpoint.method : undefined;
  return known ?? (method === "random" ? "prune-random" : method);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
