/** A planned run of prune-hydra, from its first record to its last. */
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../core/errors.js";
import type { Engine } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import { readNetworkFile } from "../models/network-file.js";
import { type PipelineHooks, runPipeline, type StageEnd, type StageMoment } from "../pruning/pipeline.js";
import type { StageName } from "../pruning/stage.js";
import type { CheckpointDescription } from "../records/checkpoint.js";
import { BatchSource } from "../training/batch-source.js";
import { epochLine } from "../training/epoch-line.js";
import type { StopReason } from "../training/trainer-hooks.js";
import type { TrainerPhase, TrainerState } from "../training/trainer-state.js";
import type { CommandContext, ProgressTask } from "./command.js";
import { reportNotice } from "./image-notice.js";
import type { PruneHydraOptions } from "./prune-hydra-options.js";
import type { PruningPlan } from "./prune-hydra-plan.js";
import type { WrittenCheckpoint } from "./training-run.js";
import { usedConfig } from "./used-config.js";

export interface Surroundings {
  readonly options: PruneHydraOptions;
  readonly context: CommandContext;
  readonly engine: Engine;
}

/** Runs the stages, writes checkpoints and state into the run's folder, and gives the exit code. */
export async function prunePlan(plan: PruningPlan, surroundings: Surroundings): Promise<number> {
  const { options, context, engine } = surroundings;
  const { name, split, samples, sha256 } = plan.images;
  const { version } = context;
  const config = usedConfig({ ...context.config, ...plan.settings.resolved, data: name }, options, plan);
  const data = { name, split, samples, sha256 };
  const source = plan.source === null ? {} : { source: { path: plan.source.path, sha256: plan.source.sha256 } };
  const start = { command: "prune-hydra", version, config, seed: options.seed, engine: engine.info, data, ...source };
  const run = new PruningRun(plan, surroundings);
  return plan.run.during(start, () => run.run());
}

const costSchema = z.object({ imageSteps: z.number(), forwardEquivalents: z.number(), seconds: z.number() });

type Cost = z.output<typeof costSchema>;

/** Of a run beside its stage under way; kept in the saved state. */
const bookSchema = z.object({
  /** Digest of the one that the stage under way started from. */
  parent: z.string().nullable(),
  /** Cost of the stages that are done, and of the network that was given where its file tells; seconds are this run's. */
  spent: costSchema,
  /** The record of the best checkpoint, kept until the end: a stream names each file once. */
  best: z.record(z.string(), z.unknown()).nullable(),
});

type Book = z.output<typeof bookSchema>;

class PruningRun {
  readonly #plan: PruningPlan;
  readonly #surroundings: Surroundings;
  #book: Book;
  #task: { readonly stage: StageName; readonly shown: ProgressTask; done: number } | null = null;

  constructor(plan: PruningPlan, surroundings: Surroundings) {
    this.#plan = plan;
    this.#surroundings = surroundings;
    const parent = plan.source?.sha256 ?? null;
    const { imageSteps = 0, forwardEquivalents = 0 } = plan.source?.checkpoint ?? {};
    const spent = { imageSteps, forwardEquivalents, seconds: 0 };
    this.#book = bookOf(plan) ?? { parent, spent, best: null };
  }

  async run(): Promise<StopReason | null> {
    const { options, engine, context } = this.#surroundings;
    const { settings, network, stages, run } = this.#plan;
    const { saved } = run;
    const state = saved?.text.trainer ?? null;
    const { images, pseudoImages } = this.#plan;
    for (const set of [images, pseudoImages])
      if (saved === null && set !== null) reportNotice(set, run.recorder, context.note);
    return runPipeline({
      ...{ engine, method: settings.method, kept: this.#plan.kept, optimizers: settings.optimizers },
      ...{ admm: settings.admm, from: options.from },
      ...{ reestimateBatches: options.bnReestimate, variance: settings.statistics.variance },
      ...{ scoreStart: options.scoreInit, freezeBatchNorm: options.freezeBn, seed: options.seed },
      network: saved === null ? network : saved.network(network),
      stages: state === null ? stages : stagesFrom(state.phase, stages),
      loop: {
        ...this.#plan,
        ...{ batchSize: settings.batchSize, bounds: [0, 1], logEvery: options.logEvery },
        saveEvery: options.checkpointEvery,
      },
      resume: saved === null || state === null ? null : { arrays: saved, state },
      hooks: this.#hooks(),
    });
  }

  #hooks(): PipelineHooks {
    const { run, settings } = this.#plan;
    const { context } = this.#surroundings;
    const { stepsPerEpoch } = new BatchSource({ ...this.#plan, ...settings, remainder: "keep", seed: 0 });
    return {
      emit(record) {
        const { type, ...fields } = record;
        run.recorder.record(type, { ...fields });
        if (record.type === "train.epoch") context.note(`${record.phase}, ${epochLine(record, stepsPerEpoch)}`);
      },
      stop: run.stop,
      saveBest: (moment) => this.#saveBest(moment),
      bestOf: async (stage) => (await readNetworkFile(join(run.path, `${stage}-best.safetensors`))).network,
      saveState: ({ state, network, arrays }) =>
        run.saveState(state, { tensors: network.tensors, ...arrays }, this.#book),
      stageDone: (stage, network, end) => this.#stageDone(stage, network, end),
      progress: (stage, done, total, text) => this.#showProgress(stage, { done, total, text }),
    };
  }

  /** Of the stages only fine-tuning offers a best; those of the others are kept where the next stage starts from them. */
  async #saveBest({ stage, state, network }: StageMoment): Promise<void> {
    const { step, epoch } = state.best ?? state;
    if (stage !== "finetune") {
      if (this.#surroundings.options.from === "last") return;
      await this.#writeCheckpoint(`${stage}-best`, network, { stage, step, epoch, cost: this.#costWith(state) });
      return;
    }
    const best = await this.#writeCheckpoint("best", network, { stage, step, epoch, cost: this.#costWith(state) });
    this.#book = { ...this.#book, best };
  }

  async #stageDone(stage: StageName, network: Network, { state, images }: StageEnd): Promise<void> {
    const { recorder } = this.#plan.run;
    const cost = this.#costWith(state, images);
    const isBest = this.#surroundings.options.from === "best" && stage !== "finetune";
    const { step, epoch } = (isBest ? state?.best : null) ?? state ?? { step: 0, epoch: 0 };
    const name = stage === "finetune" ? "final" : stage;
    if (stage === "finetune" && this.#book.best !== null) recorder.record("checkpoint", this.#book.best);
    const record = await this.#writeCheckpoint(name, network, { stage, step, epoch, cost });
    recorder.record("checkpoint", record);
    this.#book = { ...this.#book, parent: record.sha256, spent: cost };
  }

  /** A forward pass without a gradient costs 1. */
  #costWith(state: TrainerState | null, forwards = 0): Cost {
    const { imageSteps, forwardEquivalents, seconds } = this.#book.spent;
    return {
      imageSteps: imageSteps + (state?.imageSteps ?? 0) + forwards,
      forwardEquivalents: forwardEquivalents + (state?.forwardEquivalents ?? 0) + forwards,
      seconds: seconds + (state?.seconds ?? 0),
    };
  }

  /** Gives the fields of the record. */
  async #writeCheckpoint(
    name: "best" | "final" | StageName | `${StageName}-best`,
    network: Network,
    { stage, step, epoch, cost }: { stage: StageName; step: number; epoch: number; cost: Cost },
  ): Promise<WrittenCheckpoint> {
    const role = name === "best" || name === "final" ? name : "stage";
    const { seconds, ...spent } = cost;
    const place = { role, phase: stage, step, epoch, parent: this.#book.parent, ...spent };
    const text = { about: this.#description(stage), place };
    return { ...(await this.#plan.run.writeCheckpoint(name, network, text)), seconds };
  }

  #description(stage: StageName): CheckpointDescription {
    const { images, source, density, method, settings } = this.#plan;
    const { options, context } = this.#surroundings;
    const model = source === null ? { name: options.model, width: options.width } : source.checkpoint.model;
    const config = { ...context.resultConfig, ...settings.resolved, data: images.name };
    return {
      ...(model === undefined ? {} : { model }),
      data: { name: images.name, classes: [...images.classes] },
      method: stage === "pretrain" ? "dense" : method,
      density: stage === "pretrain" ? 1 : density,
      objective: options.objective,
      seed: options.seed,
      config: usedConfig(config, options, this.#plan),
      tool: context.version,
    };
  }

  #showProgress(stage: StageName, { done, total, text }: { done: number; total: number; text: string }): void {
    const { context } = this.#surroundings;
    if (this.#task?.stage !== stage)
      this.#task = { stage, shown: context.progress.start({ title: stage, total, unit: "steps" }), done: 0 };
    this.#task.shown.advance(done - this.#task.done, text);
    this.#task.done = done;
    if (done === total) this.#task.shown.done();
  }
}

function stagesFrom(phase: TrainerPhase, stages: readonly StageName[]): readonly StageName[] {
  const phases: readonly TrainerPhase[] = stages;
  return stages.slice(phases.indexOf(phase));
}

/** What the saved run noted; null for a new one. */
function bookOf({ run }: PruningPlan): Book | null {
  if (run.saved === null) return null;
  const book = bookSchema.safeParse(run.saved.text.extra);
  if (book.success) return book.data;
  throw new InputError(`${run.path}: the saved state does not say what its stages started from`);
}
