/** One run of `attack-eval`: from the targets, one after the other, to its records. */
import { InputError, UsageError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import { chooseEngine } from "../engines/choose.js";
import type { Engine } from "../engines/engine.js";
import { writeNetworkFile } from "../models/network-file.js";
import { type AttackableNetwork, attackNetwork } from "./attack-network.js";
import type { AttackOptions } from "./attack-options.js";
import { planAttacks, rangeOf } from "./attack-plan.js";
import { type OpenNetwork, openNetwork, type Target } from "./attack-targets.js";
import { type CommandContext, exitCodeOf, type Signal } from "./command.js";
import { newRunId, Recorder } from "./recorder.js";
import { testImages } from "./test-images.js";

/** Enough to keep every core busy with lines of 16 images, small enough for any memory. */
const DEFAULT_BATCH = 128;

/**
 * Emits `run.start` with the first target, so that it names the data, then results and notices, then `run.end`; gives the
 * exit code. InputError when nothing comes that can be attacked; whatever else is wrong with a target ends the run too.
 */
export async function attackAll(
  targets: AsyncGenerator<Target, void, void>,
  values: AttackOptions,
  context: CommandContext,
): Promise<number> {
  const engine = chooseEngine({ engine: values.engine, threads: values.threads ?? undefined });
  const recorder = new Recorder({ run: newRunId(context.now()), context });
  const steps = stepsOf(targets, values, context);
  const first = await steps.next();
  const signal = context.interrupted();
  if (signal !== null) return exitCodeOf(signal);
  if (first.done) throw nothingToAttack();
  const { images } = first.value;
  const data = images && { name: images.name, split: images.split, samples: images.samples, sha256: images.sha256 };
  const { config, version } = context;
  const start = { command: "attack-eval", version, config, seed: values.seed, engine: engine.info, data };
  return recorder.during(start, () =>
    takeSteps(startingWith(first.value, steps), { values, context, engine, recorder }),
  );
}

/** A network to work on, opened and with its images (null where nothing is attacked), or why there is none. */
type Step =
  | {
      readonly type: "network";
      readonly network: OpenNetwork;
      readonly images: ImageSet | null;
      /** Samples to attack, [from, to). */
      readonly range: readonly [number, number];
    }
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
    const images = attacks ? await testImages(network, values) : null;
    yield { type: "network", network, images, range: rangeOf(images?.samples ?? 1, attacks ? values.shard : null) };
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
}

async function takeSteps(steps: AsyncGenerator<Step, void, void>, surroundings: Surroundings): Promise<Signal | null> {
  const { values, context, recorder } = surroundings;
  let networks = 0;
  for await (const step of steps) {
    if (step.type === "none") {
      recorder.warn(step.code, step.reason);
      context.note(step.reason);
      continue;
    }
    networks++;
    if (values.exportDense !== null) await exportDense(step.network, values.exportDense, { networks, context });
    if (step.images !== null) await attackOne({ ...step.network, images: step.images }, step.range, surroundings);
    if (context.ending.aborted) break;
  }
  if (context.interrupted() === null && networks === 0) throw nothingToAttack();
  return context.interrupted();
}

async function attackOne(
  network: AttackableNetwork,
  range: readonly [number, number],
  surroundings: Surroundings,
): Promise<void> {
  const { seed, batchSize } = surroundings.values;
  const attacks = planAttacks(surroundings.values);
  const size = batchSize === "auto" ? DEFAULT_BATCH : batchSize;
  await attackNetwork(network, { ...surroundings, attacks, range, seed, batchSize: size });
}

async function exportDense(
  { file, reference }: OpenNetwork,
  path: string,
  { networks, context }: { readonly networks: number; readonly context: CommandContext },
): Promise<void> {
  if (networks > 1) {
    throw new UsageError(`--export-dense ${path}: one file holds one network, and ${reference.path} is the second`);
  }
  await writeNetworkFile(path, file.network, file.checkpoint, { dense: true });
  context.note(`${reference.path}: written to ${path} with dense weights`);
}

function nothingToAttack(): InputError {
  return new InputError("nothing to attack: no finished run with a checkpoint came by on standard input");
}
