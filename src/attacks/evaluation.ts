/** Runs attacks over a range of samples, batch by batch, and counts what is still classified rightly after each. */
import type { Inference, Norm } from "../engines/engine.js";
import type { Labels } from "../losses/loss.js";
import { finiteRows, predictions } from "../losses/predictions.js";
import type { AttackBatch, ThreatModel } from "./attack.js";
import { drive, type EvaluationHooks, Interruption, Meter } from "./meter.js";
import { countCorrect, type Outcome } from "./outcome.js";
import { type AttackRecipe, constantsOf, runAttack, runsOf } from "./recipe.js";
import { countChecks, type ReliabilityCheck, softmaxCheck, weakerThanFgsm } from "./reliability.js";
import { type Verdicts, verify } from "./verification.js";

/** A data set as attacks see it, by dataset index. */
export interface TestSamples {
  readonly labels: Labels;
  /** [indices, height, width, channel] */
  images(indices: Uint32Array): Float32Array;
}

export interface PlannedAttack {
  readonly recipe: AttackRecipe;
  readonly norm: Norm;
  readonly epsilon: number;
}

export interface EvaluationOptions {
  readonly inference: Inference;
  readonly samples: TestSamples;
  /** Dataset indices [from, to). */
  readonly range: readonly [number, number];
  readonly attacks: readonly PlannedAttack[];
  readonly seed: number;
  readonly bounds: readonly [number, number];
  /** Images a pass; results do not depend on it. */
  readonly batchSize: number;
  readonly hooks?: EvaluationHooks;
}

/**
 * Yields the clean outcome, then one for each attack in its order, as soon as it is known. Each attack stands for itself: it
 * starts from all samples that are right when clean, draws from streams of (seed, algorithm, restart, dataset index), and
 * every success is verified on the returned images. So a sample's outcome depends on neither batch size, order, range nor
 * on the other attacks. When `hooks.interrupted` says so it ends before its next engine call, without an unfinished outcome.
 */
export async function* evaluate(options: EvaluationOptions): AsyncGenerator<Outcome, void, void> {
  try {
    const clean = await measureClean(options);
    yield clean;
    const done: Outcome[] = [];
    for (const attack of options.attacks) {
      const outcome = await measureAttack(attack, clean.robust, options);
      const checks = [...outcome.reliability, ...compareWithFgsm(outcome, done)];
      done.push(outcome);
      yield { ...outcome, reliability: checks };
    }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  }
}

async function measureClean(options: EvaluationOptions): Promise<Outcome> {
  const { inference, samples, range } = options;
  const meter = new Meter("clean", options.hooks);
  const robust = new Uint8Array(range[1] - range[0]).fill(1);
  const checks: ReliabilityCheck[] = [];
  for (const indices of batches(indicesOf(robust, range), options.batchSize)) {
    const logits = inference.logits(samples.images(indices));
    await meter.count({ forwards: indices.length, gradients: 0 }, robust.length);
    const predicted = predictions(logits, inference.classes);
    const finite = finiteRows(logits, inference.classes);
    for (const [i, index] of indices.entries()) {
      robust[index - range[0]] = predicted[i] === samples.labels[index] ? (finite[i] ?? 0) : 0;
      meter.nonFinite += 1 - (finite[i] ?? 0);
    }
    if (indices[0] === range[0]) checks.push(...softmaxCheck(logits, inference.classes));
  }
  checks.push(...countChecks(meter));
  return { ...describe({ type: "clean", name: "clean" }, options), ...meter.totals(), robust, reliability: checks };
}

async function measureAttack(attack: PlannedAttack, clean: Uint8Array, options: EvaluationOptions): Promise<Outcome> {
  const { range } = options;
  const meter = new Meter(attack.recipe.name, options.hooks);
  const countsErrors = attack.recipe.type === "pgd" && attack.recipe.accounting === "foolbox";
  const standing = countsErrors ? new Uint8Array(clean.length).fill(1) : clean.slice();
  const { restarts } = runsOf(attack.recipe);
  for (let restart = 1; restart <= restarts; restart++) {
    const survivors = indicesOf(standing, range);
    for (const [number, indices] of [...batches(survivors, options.batchSize)].entries()) {
      const left = survivors.length - number * options.batchSize + (restarts - restart) * survivors.length;
      const { fooled } = await attackBatch(indices, { attack, restart, meter, left, options });
      for (const [i, index] of indices.entries()) if (fooled[i] === 1) standing[index - range[0]] = 0;
    }
  }
  const robust = standing.map((flag, i) => flag & (clean[i] ?? 0));
  const outcome = {
    ...describe(attack.recipe, options, attack),
    ...meter.totals(),
    robust,
    reliability: countChecks(meter),
  };
  return countsErrors ? { ...outcome, foolboxCorrect: countCorrect({ robust: standing }) } : outcome;
}

interface BatchRun {
  readonly attack: PlannedAttack;
  readonly restart: number;
  readonly meter: Meter;
  /** Runs of samples that may still be needed, this batch included. */
  readonly left: number;
  readonly options: EvaluationOptions;
}

/** One run over one batch, judged by a plain forward pass of the images that it returned. */
async function attackBatch(indices: Uint32Array, run: BatchRun): Promise<Verdicts> {
  const { attack, restart, meter, options } = run;
  const { inference, samples, seed, bounds } = options;
  const threat: ThreatModel = { norm: attack.norm, epsilon: attack.epsilon, bounds };
  const origin = samples.images(indices);
  const labels = Int32Array.from(indices, (index) => samples.labels[index] ?? -1);
  const batch: AttackBatch = { inference, threat, images: origin, labels, indices, seed };
  const total = meter.work + run.left * (runsOf(attack.recipe).steps + 1);
  const images = await drive(runAttack(attack.recipe, batch, restart), (call) => {
    // A later restart looks at the same samples again: their zero gradients are counted once.
    return meter.count(restart === 1 ? call : { ...call, zeroGradients: 0 }, total);
  });
  const logits = inference.logits(images);
  await meter.count({ forwards: indices.length, gradients: 0 }, total);
  const verdicts = verify({ images, origin, logits, labels, threat });
  meter.violations += verdicts.violations;
  meter.nonFinite += verdicts.nonFinite;
  reportFooled(images, indices, verdicts.fooled, { attack, options });
  return verdicts;
}

function reportFooled(
  images: Float32Array,
  indices: Uint32Array,
  fooled: Uint8Array,
  { attack, options }: { readonly attack: PlannedAttack; readonly options: EvaluationOptions },
): void {
  if (options.hooks?.fooled === undefined) return;
  const size = images.length / indices.length;
  for (const [i, index] of indices.entries()) {
    if (fooled[i] !== 1) continue;
    options.hooks.fooled({ name: attack.recipe.name, index, image: images.slice(i * size, (i + 1) * size) });
  }
}

function describe(
  recipe: Parameters<typeof constantsOf>[0],
  { seed, range }: EvaluationOptions,
  ball: { readonly norm: Norm; readonly epsilon: number } = { norm: "linf", epsilon: 0 },
) {
  const { norm, epsilon } = ball;
  return { attack: constantsOf(recipe, epsilon), norm, epsilon, seed, range };
}

function compareWithFgsm(outcome: Outcome, others: readonly Outcome[]): ReliabilityCheck[] {
  const fgsm = others.find(
    ({ attack, norm, epsilon }) => attack.name === "fgsm" && norm === outcome.norm && epsilon === outcome.epsilon,
  );
  if (fgsm === undefined || outcome.attack.steps === undefined) return [];
  const samples = outcome.robust.length;
  return weakerThanFgsm({ pgd: countCorrect(outcome), fgsm: countCorrect(fgsm), samples });
}

/** Ascending dataset indices of the set flags. */
function indicesOf(flags: Uint8Array, [from]: readonly [number, number]): Uint32Array {
  const indices: number[] = [];
  for (const [i, flag] of flags.entries()) if (flag === 1) indices.push(from + i);
  return Uint32Array.from(indices);
}

function* batches(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let from = 0; from < indices.length; from += size) yield indices.subarray(from, from + size);
}
