/** Runs attacks over a range of samples and counts what is still classified rightly after each. */
import { setImmediate } from "node:timers/promises";
import { finiteRows, predictions } from "../losses/predictions.js";
import { type EvaluationOptions, includedOf, type Planned, type PlannedAttack } from "./evaluation-options.js";
import { type EvaluationHooks, Interruption, Meter } from "./meter.js";
import { checkNetwork, PROBED } from "./network-checks.js";
import { countCorrect, countSamples, type Outcome } from "./outcome.js";
import { batches, indicesOf } from "./passes.js";
import { cleanConstants, type EnsembleRecipe } from "./recipe.js";
import { countChecks, type ReliabilityCheck, softmaxCheck, weakerThanFgsm } from "./reliability.js";
import { repeatedAccuracy } from "./repeated-accuracy.js";
import { describe, measureAttack } from "./single-attack.js";
import { squareAlone } from "./square-alone.js";

/**
 * Yields the clean outcome, then those of each attack in its order, as soon as they are known: one, or for an ensemble one
 * for each member with what stands after it, then the whole. Each attack stands for itself: it starts from all samples that
 * are right when clean (a member from those that the ones before it left), draws from streams of (seed, algorithm, pass,
 * dataset index), and every success is verified on the returned images. So a sample's outcome depends on neither batch size,
 * order, range nor on the other attacks. When `hooks.interrupted` says so it ends before its next engine call, without an
 * unfinished outcome.
 */
export async function* evaluate(options: EvaluationOptions): AsyncGenerator<Outcome, void, void> {
  try {
    const clean = await measureClean(options);
    yield clean.outcome;
    const done: Outcome[] = [];
    for (const [i, attack] of options.attacks.entries()) {
      const isLast = !options.attacks.slice(i + 1).some((later) => isSameBall(later, attack));
      for await (const outcome of measure(attack, clean, options)) {
        const checks = [...outcome.reliability, ...compareWithFgsm(outcome, done)];
        done.push(outcome);
        if (isLast && outcome.attack.name === attack.recipe.name) checks.push(...compareAll(attack, clean, done));
        yield { ...outcome, reliability: checks };
      }
    }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  }
}

interface Clean {
  readonly outcome: Outcome;
  /** [samples of the range, classes], of the network that attacks see; 0 for samples that are not taken. */
  readonly logits: Float32Array;
}

async function measureClean(options: EvaluationOptions): Promise<Clean> {
  const { inference, source, samples, range } = options;
  const meter = new Meter("clean", options.hooks);
  const robust = includedOf(options);
  const { classes } = (source ?? options).inference;
  const all = new Float32Array(robust.length * classes);
  let isFirst = true;
  const checks: ReliabilityCheck[] = [];
  for (const indices of batches(indicesOf(robust, range), options.batchSize)) {
    const images = samples.images(indices);
    const logits = inference.logits(images);
    await meter.count({ forwards: indices.length, gradients: 0 }, robust.length);
    const seen = source === undefined ? logits : source.inference.logits(images);
    if (source !== undefined) await meter.count({ forwards: indices.length, gradients: 0 }, robust.length);
    for (const [i, index] of indices.entries()) {
      all.set(seen.subarray(i * classes, (i + 1) * classes), (index - range[0]) * classes);
    }
    const predicted = predictions(logits, inference.classes);
    const finite = finiteRows(logits, inference.classes);
    for (const [i, index] of indices.entries()) {
      robust[index - range[0]] = predicted[i] === samples.labels[index] ? (finite[i] ?? 0) : 0;
      meter.nonFinite += 1 - (finite[i] ?? 0);
    }
    if (isFirst) checks.push(...softmaxCheck(logits, inference.classes));
    isFirst = false;
  }
  checks.push(...countChecks(meter));
  const measured = { ...describe(cleanConstants, options), ...meter.totals(), robust };
  // Not counted: forwards, gradients and seconds are those of the clean accuracy alone.
  const outcome = { ...measured, reliability: [...checks, ...(await networkChecks(options))] };
  return { outcome, logits: all };
}

/** None where randomness is expected, as AutoAttack has it. */
async function networkChecks(options: EvaluationOptions): Promise<ReliabilityCheck[]> {
  const { inference, samples, attacks } = options;
  if (attacks.some(({ recipe }) => expectsRandomness(recipe, inference.classes))) return [];
  const indices = indicesOf(includedOf(options), options.range).subarray(0, PROBED);
  const labels = Int32Array.from(indices, (index) => samples.labels[index] ?? -1);
  if (indices.length === 0) return [];
  return checkNetwork({ inference, images: samples.images(indices), labels, pause: pauseOf(options) });
}

/** A turn for the event loop, and for who asked to stop. */
function pauseOf({ hooks }: EvaluationOptions): () => Promise<void> {
  return async () => {
    await setImmediate();
    if (hooks?.interrupted?.()) throw new Interruption();
  };
}

function expectsRandomness(recipe: PlannedAttack["recipe"], classes: number): boolean {
  const singles = recipe.type === "ensemble" ? recipe.members : [recipe];
  return singles.every((single) => Number(single.constants({ epsilon: 0, classes }).eot ?? 1) > 1);
}

async function* measure(
  { recipe, norm, epsilon, minimal = false }: PlannedAttack,
  clean: Clean,
  options: EvaluationOptions,
): AsyncGenerator<Outcome, void, void> {
  const { robust } = clean.outcome;
  const seen = { robust, cleanLogits: clean.logits };
  if (recipe.type === "attack") yield await measureAttack({ recipe, norm, epsilon, minimal, ...seen }, options);
  else yield* measureEnsemble({ recipe, norm, epsilon }, clean, options);
}

/** Each member attacks what the one before it left; the whole is what the last one left. */
async function* measureEnsemble(
  { recipe, norm, epsilon }: Planned<EnsembleRecipe>,
  clean: Clean,
  options: EvaluationOptions,
): AsyncGenerator<Outcome, void, void> {
  const done: Outcome[] = [];
  const isRandom = expectsRandomness(recipe, options.inference.classes);
  const fooling = new Map<number, Float32Array>();
  const watched = isRandom ? keepingImages(options, fooling) : options;
  for (const member of recipe.members) {
    const robust = (done.at(-1) ?? clean.outcome).robust;
    const named = member.named(`${recipe.name}/${member.name}`);
    const outcome = await measureAttack({ recipe: named, norm, epsilon, robust, cleanLogits: clean.logits }, watched);
    done.push(outcome);
    yield outcome;
  }
  const members = recipe.members.map((member) => member.constants({ epsilon, classes: options.inference.classes }));
  yield {
    ...describe({ name: recipe.name, members }, options, { norm, epsilon }),
    robust: (done.at(-1) ?? clean.outcome).robust,
    forwards: sum(done, ({ forwards }) => forwards),
    gradients: sum(done, ({ gradients }) => gradients),
    seconds: sum(done, ({ seconds }) => seconds),
    reliability: done.flatMap((outcome) =>
      outcome.reliability.map((check) => ({ ...check, member: outcome.attack.name })),
    ),
    ...(isRandom ? await repeated(fooling, { clean, last: done.at(-1) }, options) : {}),
  };
}

function keepingImages(options: EvaluationOptions, fooling: Map<number, Float32Array>): EvaluationOptions {
  const { hooks } = options;
  const keep = (success: Parameters<NonNullable<EvaluationHooks["fooled"]>>[0]) => {
    fooling.set(success.index, success.image);
    hooks?.fooled?.(success);
  };
  return { ...options, hooks: { ...hooks, fooled: keep } };
}

/** Nothing where an earlier run of this evaluation found some of the images: only this one's are at hand. */
async function repeated(
  fooling: ReadonlyMap<number, Float32Array>,
  { clean, last }: { readonly clean: Clean; readonly last: Outcome | undefined },
  options: EvaluationOptions,
): Promise<Pick<Outcome, "repeatedAccuracy">> {
  const fallen = countCorrect(clean.outcome) - countCorrect(last ?? clean.outcome);
  if (fooling.size !== fallen) return {};
  const indices = indicesOf(includedOf(options), options.range);
  return { repeatedAccuracy: await repeatedAccuracy({ ...options, indices, fooling, pause: pauseOf(options) }) };
}

/** An attack of many steps beside FGSM, said with the later of the two. */
function compareWithFgsm(outcome: Outcome, earlier: readonly Outcome[]): ReliabilityCheck[] {
  const others = earlier.filter((other) => isSameBall(other, outcome));
  const fgsm = [outcome, ...others].find(({ attack }) => attack.name === "fgsm");
  if (fgsm === undefined) return [];
  const iterated = (fgsm === outcome ? others : [outcome]).filter(({ attack }) => attack.steps !== undefined);
  return iterated.flatMap((many) =>
    weakerThanFgsm({
      many: many.attack.name,
      left: countCorrect(many) - countCorrect(fgsm),
      samples: countSamples(many),
    }),
  );
}

/** What only all attacks in a ball together show, said with the last of them, as records are emitted as soon as they are known. */
function compareAll(ball: Ball, clean: Clean, done: readonly Outcome[]): ReliabilityCheck[] {
  return squareAlone(
    clean.outcome,
    done.filter((outcome) => isSameBall(outcome, ball)),
  );
}

type Ball = Pick<Outcome, "norm" | "epsilon">;

function isSameBall(one: Ball, other: Ball): boolean {
  return one.norm === other.norm && one.epsilon === other.epsilon;
}

function sum(outcomes: readonly Outcome[], part: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + part(outcome), 0);
}
