/** One run of `attack-eval`: from the targets, one after the other, to its records. */
import { InputError } from "../core/errors.js";
import { toFloat } from "../data/batches.js";
import type { ImageSet } from "../data/image-set.js";
import { chooseEngine } from "../engines/choose.js";
import type { Engine } from "../engines/engine.js";
import { AdversarialImages } from "./adversarial-images.js";
import { measuredBatch } from "./attack-batch.js";
import { type AttackableNetwork, attackNetwork, type SourceNetwork } from "./attack-network.js";
import type { AttackOptions } from "./attack-options.js";
import { checkOneNetwork, exportDense, writeOutputs } from "./attack-outputs.js";
import { planAttacks } from "./attack-plan.js";
import { type ChosenSamples, chosenIndices, chosenSamples } from "./attack-samples.js";
import { type AttackState, openAttackState } from "./attack-state.js";
import { type OpenNetwork, openNetwork, type Target } from "./attack-targets.js";
import { type CommandContext, exitCodeOf, type Signal } from "./command.js";
import { newRunId, Recorder } from "./recorder.js";
import { testImages } from "./test-images.js";
import { openSource, requireFit } from "./transfer-source.js";

/**
 * Emits `run.start` with the first target, so that it names the data, then results and notices, then `run.end`; gives the
 * exit code. InputError when nothing comes that can be attacked; whatever else is wrong with a target ends the run too.
 */
export async function attackAll(
  targets: AsyncGenerator<Target, void, void>,
  values: AttackOptions,
  context: CommandContext,
): Promise<number> {
  const { engine: name, threads } = values;
  const engine = chooseEngine({ engine: name, threads: threads ?? undefined, announce: context.note });
  const source = values.transferFrom === null ? null : await openSource(values.transferFrom, engine);
  try {
    return await attackFrom(source, { targets, engine, values, context });
  } finally {
    source?.inference.dispose();
  }
}

interface Work {
  readonly targets: AsyncGenerator<Target, void, void>;
  readonly engine: Engine;
  readonly values: AttackOptions;
  readonly context: CommandContext;
}

async function attackFrom(source: SourceNetwork | null, { targets, engine, values, context }: Work): Promise<number> {
  const state = await stateOf(values, source, context);
  const recorder = new Recorder({ run: state.run, context });
  const steps = stepsOf(targets, values, context);
  const first = await steps.next();
  const signal = context.interrupted();
  if (signal !== null) return exitCodeOf(signal);
  if (first.done) throw nothingToAttack();
  const { images } = first.value;
  const data = images && { name: images.name, split: images.split, samples: images.samples, sha256: images.sha256 };
  const { config, version } = context;
  const start = { command: "attack-eval", version, config, seed: values.seed, engine: engine.info, data };
  const stopped = stopAfter(values.maxMinutes, context);
  const surroundings = { values, context, engine, recorder, state, stopped, source };
  try {
    return await recorder.during(start, () => takeSteps(startingWith(first.value, steps), surroundings));
  } finally {
    await state.write();
  }
}

function stateOf(
  { state, force, saveAdversarial, pictures }: AttackOptions,
  source: SourceNetwork | null,
  context: CommandContext,
) {
  const keepsImages = saveAdversarial !== null || pictures !== null;
  const run = newRunId(context.now());
  // By its digest: under the same path there may be another network later.
  const config = source === null ? context.resultConfig : { ...context.resultConfig, transferFrom: source.sha256 };
  return openAttackState({ path: state, force, run, config, keepsImages });
}

/** Asked between engine calls, whether a signal came or `--max-minutes` are over. */
function stopAfter(minutes: number | null, { ending }: CommandContext): () => boolean {
  const began = performance.now();
  return () => ending.aborted || (minutes !== null && performance.now() - began >= 60_000 * minutes);
}

/** A network to work on, opened and with its images (null where nothing is attacked), or why there is none. */
type Step =
  | {
      readonly type: "network";
      readonly network: OpenNetwork;
      readonly images: ImageSet;
      readonly chosen: ChosenSamples;
    }
  | { readonly type: "export"; readonly network: OpenNetwork; readonly images: null }
  | { readonly type: "none"; readonly code: string; readonly reason: string; readonly images: null };

/** Each checkpoint once, opened when its turn comes. */
async function* stepsOf(
  targets: AsyncGenerator<Target, void, void>,
  values: AttackOptions,
  context: CommandContext,
): AsyncGenerator<Step, void, void> {
  // With --export-dense alone nothing is attacked, so a network can be exported where its data is not.
  const attacks = values.exportDense === null || context.given.has("attacks");
  const seen = new Set<string>();
  for await (const target of targets) {
    if (target.type === "none") {
      yield { ...target, images: null };
      continue;
    }
    if (target.type === "recorded" && seen.has(target.reference.sha256)) continue;
    const network = await openNetwork(target);
    if (seen.has(network.file.sha256)) continue;
    seen.add(network.file.sha256);
    if (!attacks) {
      yield { type: "export", network, images: null };
      continue;
    }
    const images = await testImages(network, values);
    yield { type: "network", network, images, chosen: chosenSamples(images, values) };
  }
}

async function* startingWith<T>(first: T, rest: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  yield first;
  yield* rest;
}

interface Surroundings {
  readonly values: AttackOptions;
  readonly context: CommandContext;
  readonly engine: Engine;
  readonly recorder: Recorder;
  readonly state: AttackState;
  readonly stopped: () => boolean;
  readonly source: SourceNetwork | null;
}

async function takeSteps(steps: AsyncGenerator<Step, void, void>, surroundings: Surroundings): Promise<Signal | null> {
  const { values, context, recorder, stopped } = surroundings;
  let networks = 0;
  for await (const step of steps) {
    if (step.type === "none") {
      recorder.warn(step.code, step.reason);
      context.note(step.reason);
      continue;
    }
    if (++networks > 1) checkOneNetwork(values, step.network.reference.path);
    if (values.exportDense !== null) await exportDense(step.network, values.exportDense, context);
    if (step.type === "network") await attackOne(step.network, step, surroundings);
    if (stopped()) break;
  }
  if (!stopped() && networks === 0) throw nothingToAttack();
  // Running out of time is an interruption like Ctrl-C; a reader that has gone is none.
  const isLate = stopped() && !context.ending.aborted;
  const signal = context.interrupted();
  if (isLate) context.note(`--max-minutes ${values.maxMinutes} are over: ${stoppedText(values)}`);
  else if (signal !== null) context.note(stoppedText(values));
  return signal ?? (isLate ? "SIGINT" : null);
}

function stoppedText({ state }: AttackOptions): string {
  if (state !== null) return "stopped; call again to go on there";
  return "stopped; the attack under way is not kept: with --state FILE a later call would go on there";
}

async function attackOne(
  open: OpenNetwork,
  { images, chosen }: { readonly images: ImageSet; readonly chosen: ChosenSamples },
  surroundings: Surroundings,
): Promise<void> {
  const { values, context, engine, state, source } = surroundings;
  if (source !== null) requireFit(source, open);
  const inference = engine.infer(open.file.network);
  try {
    const network = { ...open, images, inference };
    const adversarial = new AdversarialImages();
    const attacks = planAttacks(values);
    const batchSize = batchOf(network, chosen, surroundings);
    const [from, to] = chosen.range;
    const evaluated = { sha256: open.file.sha256, data: images.sha256, samples: to - from, adversarial };
    const run = { ...surroundings, attacks, chosen, batchSize, adversarial };
    const { seed, pictures } = values;
    const outcomes = await attackNetwork(network, { ...run, seed, pictures, journal: state.journal(evaluated) });
    if (!surroundings.stopped()) await writeOutputs({ network, outcomes, ...run }, values, context);
  } finally {
    inference.dispose();
  }
}

function batchOf(network: AttackableNetwork, chosen: ChosenSamples, { values, engine }: Surroundings): number {
  if (values.batchSize !== "auto") return values.batchSize;
  const indices = chosenIndices(chosen);
  const images = (count: number) => toFloat(network.images, indices.subarray(0, count));
  const hasOwnMemory = engine.info.name === "tensorflow";
  return measuredBatch({ ...network, network: network.file.network, images, samples: indices.length, hasOwnMemory });
}

function nothingToAttack(): InputError {
  return new InputError("nothing to attack: no finished run with a checkpoint came by on standard input");
}
