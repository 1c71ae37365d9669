/** A planned run of sparse-train, from its first record to its last. */
import { z } from "zod";
import { InputError } from "../core/errors.js";
import type { Engine, Training } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { CheckpointDescription } from "../records/checkpoint.js";
import { epochLine } from "../training/epoch-line.js";
import { averagedUpdate, MovingAverage } from "../training/moving-average.js";
import { train } from "../training/trainer.js";
import type { StopReason, TrainerHooks } from "../training/trainer-hooks.js";
import type { TrainerState } from "../training/trainer-state.js";
import type { Update } from "../training/update.js";
import type { CommandContext } from "./command.js";
import { reportNotice } from "./image-notice.js";
import type { SparseTrainOptions } from "./sparse-train-options.js";
import { excessOf, type SparseTrainPlan, updateOf } from "./sparse-train-plan.js";
import type { WrittenCheckpoint } from "./training-run.js";

export interface Surroundings {
  readonly options: SparseTrainOptions;
  readonly context: CommandContext;
  readonly engine: Engine;
}

/** Trains, writes checkpoints and state into the run's folder, and gives the exit code. */
export async function trainPlan(plan: SparseTrainPlan, surroundings: Surroundings): Promise<number> {
  const { options, context, engine } = surroundings;
  const { name, split, samples, sha256 } = plan.images;
  const { version } = context;
  const config = { ...context.config, ...plan.settings.resolved };
  const data = { name, split, samples, sha256, ...pseudoFields(plan) };
  const start = { command: "sparse-train", version, config, seed: options.seed, engine: engine.info, data };
  return plan.run.during(start, () => new SparseTraining(plan, surroundings).run());
}

/** Of `run.start`, where there are such images. */
function pseudoFields({ pseudoImages }: SparseTrainPlan) {
  if (pseudoImages === null) return {};
  const { name, samples, sha256 } = pseudoImages;
  return { pseudoLabelled: { name, samples, sha256 } };
}

/** The record of the best checkpoint, kept until the end: a stream names each file once. */
const extraSchema = z.object({ best: z.record(z.string(), z.unknown()).nullable() });

class SparseTraining {
  readonly #plan: SparseTrainPlan;
  readonly #surroundings: Surroundings;
  readonly #training: Training;
  readonly #update: Update;
  /** Of the parameters, with `--ema`: what is judged and written. */
  readonly #average: MovingAverage | null;
  #best: Readonly<Record<string, unknown>> | null = null;

  constructor(plan: SparseTrainPlan, surroundings: Surroundings) {
    const { engine, options } = surroundings;
    const { run, initial } = plan;
    this.#plan = plan;
    this.#surroundings = surroundings;
    const { saved } = run;
    if (saved !== null) this.#best = bestOf(saved.text.extra, run.path);
    const network = saved === null ? initial.network : saved.network(initial.network);
    const state = saved === null ? {} : { state: saved.engine };
    this.#training = engine.train(network, { rules: initial.rules, ...state });
    const update = updateOf(plan, options, (step) => this.#reportBudget(step));
    this.#average =
      options.ema === null ? null : new MovingAverage(options.ema, network.tensors, saved?.update ?? null);
    this.#update = this.#average === null ? update : averagedUpdate(update, this.#average);
  }

  async run(): Promise<StopReason | null> {
    const { run, settings } = this.#plan;
    const { options, engine } = this.#surroundings;
    try {
      if (run.saved === null) {
        const { images, pseudoImages } = this.#plan;
        const { note } = this.#surroundings.context;
        for (const set of [images, pseudoImages]) if (set !== null) reportNotice(set, run.recorder, note);
        this.#warnOfExcess();
      }
      const { stopped, state } = await train({
        ...this.#plan,
        ...{ training: this.#training, phase: "train", update: this.#update, remainder: "drop", bounds: [0, 1] },
        ...{ batchSize: settings.batchSize, epochs: options.epochs, stopAfter: options.steps, seed: options.seed },
        ...{ logEvery: options.logEvery, saveEvery: options.checkpointEvery },
        ...(this.#average === null ? {} : { judged: () => engine.infer(this.#network()) }),
        resume: run.saved?.text.trainer ?? null,
        hooks: this.#hooks(),
      });
      if (stopped === null) await this.#finish(state);
      return stopped;
    } finally {
      this.#training.dispose();
    }
  }

  #hooks(): TrainerHooks {
    const { run, stepsPerEpoch } = this.#plan;
    const { context } = this.#surroundings;
    const task = context.progress.start({ title: "training", total: this.#plan.steps, unit: "steps" });
    let shown = run.saved?.text.trainer.step ?? 0;
    task.advance(shown);
    return {
      emit(record) {
        const { type, ...fields } = record;
        run.recorder.record(type, { ...fields });
        if (record.type === "train.epoch") context.note(epochLine(record, stepsPerEpoch));
      },
      stop: run.stop,
      saveBest: (state) => this.#saveBest(state),
      saveState: (state) => run.saveState(state, this.#arrays(), { best: this.#best }),
      progress(done, total, text) {
        task.advance(done - shown, text);
        shown = done;
        if (done === total) task.done();
      },
    };
  }

  #arrays() {
    return { tensors: this.#training.tensors(), engine: this.#training.state(), update: this.#update.state() };
  }

  async #saveBest(state: TrainerState): Promise<void> {
    const { step = state.step, epoch = state.epoch } = state.best ?? {};
    this.#best = await this.#writeCheckpoint("best", { ...state, step, epoch });
  }

  async #finish(state: TrainerState): Promise<void> {
    const { recorder } = this.#plan.run;
    if (this.#best !== null) recorder.record("checkpoint", this.#best);
    const final = await this.#writeCheckpoint("final", state);
    recorder.record("checkpoint", final);
    this.#warnOfLoss(final.connections);
  }

  /** As it is judged and written. */
  #network(): Network {
    const tensors = this.#training.tensors();
    return { ...this.#plan.initial.network, tensors: this.#average?.tensors(tensors) ?? tensors };
  }

  /** Gives the fields of the record. */
  async #writeCheckpoint(role: "best" | "final", state: TrainerState): Promise<WrittenCheckpoint> {
    const { step, epoch, imageSteps, forwardEquivalents, seconds } = state;
    const place = { role, step, epoch, imageSteps, forwardEquivalents };
    const text = { about: this.#description(), place };
    return { ...(await this.#plan.run.writeCheckpoint(role, this.#network(), text)), seconds };
  }

  #description(): CheckpointDescription {
    const { images, budget, settings } = this.#plan;
    const { options, context } = this.#surroundings;
    return {
      model: { name: options.model, width: options.width },
      data: { name: images.name, classes: [...images.classes] },
      method: options.mode,
      density: budget?.density ?? 1,
      objective: options.objective,
      seed: options.seed,
      parent: this.#plan.parent,
      config: { ...context.resultConfig, ...settings.resolved },
      tool: context.version,
    };
  }

  #warnOfExcess(): void {
    const excess = excessOf(this.#plan);
    if (excess === 0) return;
    this.#plan.run.recorder.warn(
      "over-budget",
      `the initial densities give ${excess} connections more than the budget; nothing is drawn back until as many have died`,
    );
  }

  /** Static connections that keep their sign can only be lost. */
  #warnOfLoss(left: number): void {
    const { budget, run } = this.#plan;
    if (!this.#surroundings.options.staticReparam || budget === null || left >= budget.connections) return;
    run.recorder.warn(
      "connections-lost",
      `${left} of ${budget.connections} connections are left; with --static-reparam one that reaches 0 is gone for good`,
    );
  }

  #reportBudget(step: number): void {
    this.#plan.run.recorder.warn("budget-reached", `the network has come down to its budget at step ${step}`);
  }
}

function bestOf(extra: unknown, path: string): Readonly<Record<string, unknown>> | null {
  const parsed = extraSchema.safeParse(extra);
  if (parsed.success) return parsed.data.best;
  throw new InputError(`${path}: the saved state does not say which checkpoint is the best`);
}
