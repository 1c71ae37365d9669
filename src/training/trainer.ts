/** The training loop: epochs of batches, each an objective and an update, with selection, records, saving and stopping. */
import { setImmediate as pause } from "node:timers/promises";
import { ResourceError } from "../core/errors.js";
import type { Inference, Training } from "../engines/engine.js";
import { BatchSource, type BatchSourceOptions, type LabelledBatch } from "./batch-source.js";
import { connectionCounts, movedConnections } from "./moved-connections.js";
import type { BatchResult, Objective } from "./objectives/objective.js";
import type { Rates, Schedule } from "./schedule.js";
import { type Evaluation, evaluate, isBetter, type Selection } from "./selection.js";
import type { StopReason, TrainerHooks } from "./trainer-hooks.js";
import { epochRecord, notFiniteRecord, type StepRecord } from "./trainer-records.js";
import { afterEpoch, afterStep, initialState, type TrainerPhase, type TrainerState } from "./trainer-state.js";
import type { Update, UpdateResult } from "./update.js";

export interface TrainerOptions extends BatchSourceOptions {
  readonly training: Training;
  readonly phase: TrainerPhase;
  readonly objective: Objective;
  readonly update: Update;
  readonly epochs: number;
  /** Ends the run after this many steps (done, not interrupted); the schedule stays that of all epochs. */
  readonly stopAfter: number | null;
  readonly schedule: Schedule;
  readonly selection: Selection;
  /** A network that is judged instead of the one under training; disposed when it has been. */
  readonly judged?: () => Inference;
  /** Range of pixels that attacks keep to: [0, 1] for images. */
  readonly bounds: readonly [number, number];
  /** A train.step record every so many steps; null for none. */
  readonly logEvery: number | null;
  /** Seconds between states saved inside an epoch. */
  readonly saveEvery: number;
  /** Where an earlier run of the same options stopped. The engine and the update are already as they were then. */
  readonly resume: TrainerState | null;
  readonly hooks: TrainerHooks;
}

export interface TrainerResult {
  /** Null when all is done: all epochs, or `stopAfter` steps. */
  readonly stopped: StopReason | null;
  readonly state: TrainerState;
}

/**
 * Trains until all is done or the hooks say stop, and leaves the trained network in `options.training`. Throws ResourceError
 * when the loss is no longer finite.
 */
export async function train(options: TrainerOptions): Promise<TrainerResult> {
  return new TrainingLoop(options).run();
}

class TrainingLoop {
  readonly #options: TrainerOptions;
  readonly #batches: BatchSource;
  readonly #lastStep: number;
  readonly #secondsBefore: number;
  readonly #began = performance.now();
  #state: TrainerState;
  #lastSave = performance.now();
  #connections: Int32Array | null = null;

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#batches = new BatchSource(options);
    const total = options.epochs * this.#batches.stepsPerEpoch;
    this.#lastStep = Math.min(total, options.stopAfter ?? total);
    this.#state = options.resume ?? initialState(options.phase);
    this.#secondsBefore = this.#state.seconds;
  }

  async run(): Promise<TrainerResult> {
    if (this.#options.resume === null) await this.#save();
    for (;;) {
      const stopped = this.#evaluationIsDue() ? await this.#evaluate() : null;
      if (stopped !== null) return this.#end(stopped);
      if (this.#epochIsComplete()) await this.#endEpoch();
      if (this.#state.step >= this.#lastStep) return this.#end(null);
      if (performance.now() - this.#lastSave > 1000 * this.#options.saveEvery) await this.#save();
      const interrupted = await this.#step();
      if (interrupted !== null) return this.#end(interrupted);
    }
  }

  /** One step, or the reason to give it up while nothing has changed yet, or to stop behind it. */
  async #step(): Promise<StopReason | null> {
    const { objective, update, training, hooks, schedule } = this.#options;
    const began = performance.now();
    const { step, epoch } = this.#state;
    const batch = this.#batches.batch({ step, epoch, stepOfEpoch: this.#state.sums.steps });
    const images = batch.labels.length;
    update.prepare?.({ training, step });
    const result = await this.#accumulate(batch);
    if (typeof result === "string") return result;
    if (!Number.isFinite(result.loss)) throw this.#notFinite(result.loss);
    const rates = schedule({ step, epoch });
    const before = this.#connections ?? connectionCounts(training);
    const { reconnected, ...after } = await drive(update.apply({ training, step, rates }));
    this.#connections = after.connections;
    const seconds = (performance.now() - began) / 1000;
    const forwardEquivalents = objective.forwardEquivalents * images;
    this.#state = afterStep(this.#state, {
      ...result,
      images,
      reconnected,
      ...movedConnections(before, after),
      forwardEquivalents,
      seconds,
    });
    this.#report({ loss: result.loss, ...rates, reconnected, imagesPerSecond: images / seconds });
    return hooks.stop();
  }

  /** Gradients of the batch, or the reason for which it was given up. */
  async #accumulate(batch: LabelledBatch): Promise<BatchResult | StopReason> {
    const { objective, training, bounds, seed, hooks } = this.#options;
    const calls = objective.accumulate({ ...batch, training, bounds, seed, step: this.#state.step });
    let hasChanged = false;
    for (;;) {
      const call = calls.next();
      if (call.done) return call.value;
      hasChanged ||= call.value === "update";
      await pause();
      const reason = hasChanged ? null : hooks.stop();
      if (reason === null) continue;
      calls.return({ loss: 0, correct: 0 });
      return reason;
    }
  }

  #report({ weightDecay: _, ...fields }: Rates & Pick<StepRecord, "loss" | "reconnected" | "imagesPerSecond">): void {
    const { hooks, logEvery } = this.#options;
    const { step, epoch, sums } = this.#state;
    if (logEvery !== null && step % logEvery === 0) hooks.emit({ type: "train.step", step, epoch, ...fields });
    hooks.progress(step, this.#lastStep, `epoch ${epoch + 1}, loss ${(sums.loss / sums.images).toFixed(4)}`);
  }

  #epochIsComplete(): boolean {
    return this.#state.sums.steps === this.#batches.stepsPerEpoch;
  }

  /** `test-clean` judges after an epoch's first step, the others after its last; all at the end of the run. */
  #evaluationIsDue(): boolean {
    const { step, sums, evaluation } = this.#state;
    if (step === 0 || evaluation?.step === step) return false;
    return (
      step >= this.#lastStep ||
      this.#isCandidate() ||
      (this.#options.selection.rule === "last" && sums.steps === this.#batches.stepsPerEpoch)
    );
  }

  /** Whether the network as it is now may become the best. */
  #isCandidate(): boolean {
    const { rule } = this.#options.selection;
    const { step, sums } = this.#state;
    if (rule === "last") return false;
    if (rule === "test-clean") return sums.steps === 1;
    return this.#epochIsComplete() || step >= this.#lastStep;
  }

  async #evaluate(): Promise<StopReason | null> {
    const { hooks } = this.#options;
    const began = performance.now();
    const found = await this.#judge();
    if (typeof found === "string") return found;
    const { step, epoch, sums, best } = this.#state;
    const evaluation = { ...found, step };
    const evaluationSeconds = sums.evaluationSeconds + (performance.now() - began) / 1000;
    this.#state = { ...this.#state, evaluation, sums: { ...sums, evaluationSeconds } };
    if (!this.#isCandidate() || !isBetter(evaluation, best)) return null;
    this.#state = { ...this.#state, best: { ...evaluation, epoch: this.#epochIsComplete() ? epoch + 1 : epoch } };
    await hooks.saveBest(this.#timed());
    return null;
  }

  /** Accuracies, or the reason for which they were given up. */
  async #judge(): Promise<Evaluation | StopReason> {
    const { training, judged, hooks } = this.#options;
    const own = judged?.() ?? null;
    try {
      const calls = evaluate(own ?? training.inference, this.#options);
      let call = calls.next();
      for (; !call.done; call = calls.next()) {
        await pause();
        const reason = hooks.stop();
        if (reason !== null) return reason;
      }
      return call.value;
    } finally {
      own?.dispose();
    }
  }

  async #endEpoch(): Promise<void> {
    this.#emitEpoch();
    const { step, sums, evaluation } = this.#state;
    const judgement = evaluation?.step === step ? evaluation : null;
    this.#options.update.epochEnded?.({ trainAccuracy: sums.correct / sums.images, evaluation: judgement });
    this.#state = afterEpoch(this.#state);
    await this.#save();
  }

  /** Saves the state, so that the records behind it are cut off when the run is resumed, then reports a part of an epoch. */
  async #end(stopped: StopReason | null): Promise<TrainerResult> {
    await this.#save();
    if (this.#state.sums.steps > 0) this.#emitEpoch();
    return { stopped, state: this.#timed() };
  }

  #emitEpoch(): void {
    const { training, selection, schedule, hooks } = this.#options;
    const { step, epoch } = this.#state;
    const { learningRate } = schedule({ step: step - 1, epoch });
    const { weightLayers } = training;
    const connections = this.#connections ?? connectionCounts(training);
    const tensors = training.tensors();
    hooks.emit(epochRecord({ state: this.#state, selection, learningRate, weightLayers, connections, tensors }));
  }

  async #save(): Promise<void> {
    await this.#options.hooks.saveState(this.#timed());
    this.#lastSave = performance.now();
  }

  #timed(): TrainerState {
    return { ...this.#state, seconds: this.#secondsBefore + (performance.now() - this.#began) / 1000 };
  }

  #notFinite(loss: number): ResourceError {
    const { training, hooks } = this.#options;
    const record = notFiniteRecord({ loss, step: this.#state.step + 1, layer: training.firstNonFinite() });
    hooks.emit(record);
    return new ResourceError(`${record.message}; ${this.#wayOut()}`);
  }

  /** A resumed run comes to the same loss again. */
  #wayOut(): string {
    const { phase } = this.#options;
    const flag = phase === "finetune" ? "--finetune-learning-rate" : "--learning-rate";
    const from =
      phase === "train" && this.#state.best !== null ? ", from its best network with --init-from if need be" : "";
    return `it cannot go on at this learning rate: start a new one with a lower ${flag}${from}`;
  }
}

async function drive(calls: Generator<void, UpdateResult>): Promise<UpdateResult> {
  let call = calls.next();
  for (; !call.done; call = calls.next()) await pause();
  return call.value;
}
