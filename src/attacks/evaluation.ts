/** Runs attacks over a range of samples and counts what is still classified rightly after each. */
import type { Inference, Norm } from "../engines/engine.js";
import { finiteRows, predictions } from "../losses/predictions.js";
import type { TestSamples } from "./attack.js";
import { type EvaluationHooks, Interruption, Meter } from "./meter.js";
import { countCorrect, type Outcome } from "./outcome.js";
import { batches, indicesOf, runPasses } from "./passes.js";
import { type AttackConstants, type AttackRecipe, cleanConstants, type EnsembleRecipe } from "./recipe.js";
import { countChecks, type ReliabilityCheck, softmaxCheck, weakerThanFgsm } from "./reliability.js";

export type { TestSamples };

interface Planned<Recipe> {
  readonly recipe: Recipe;
  readonly norm: Norm;
  readonly epsilon: number;
}

export type PlannedAttack = Planned<AttackRecipe | EnsembleRecipe>;

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
    for (const attack of options.attacks) {
      for await (const outcome of measure(attack, clean, options)) {
        const checks = [...outcome.reliability, ...compareWithFgsm(outcome, done)];
        done.push(outcome);
        yield { ...outcome, reliability: checks };
      }
    }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  }
}

interface Clean {
  readonly outcome: Outcome;
  /** [samples of the range, classes] */
  readonly logits: Float32Array;
}

async function measureClean(options: EvaluationOptions): Promise<Clean> {
  const { inference, samples, range } = options;
  const meter = new Meter("clean", options.hooks);
  const robust = new Uint8Array(range[1] - range[0]).fill(1);
  const all = new Float32Array(robust.length * inference.classes);
  const checks: ReliabilityCheck[] = [];
  for (const indices of batches(indicesOf(robust, range), options.batchSize)) {
    const logits = inference.logits(samples.images(indices));
    await meter.count({ forwards: indices.length, gradients: 0 }, robust.length);
    all.set(logits, ((indices[0] ?? 0) - range[0]) * inference.classes);
    const predicted = predictions(logits, inference.classes);
    const finite = finiteRows(logits, inference.classes);
    for (const [i, index] of indices.entries()) {
      robust[index - range[0]] = predicted[i] === samples.labels[index] ? (finite[i] ?? 0) : 0;
      meter.nonFinite += 1 - (finite[i] ?? 0);
    }
    if (indices[0] === range[0]) checks.push(...softmaxCheck(logits, inference.classes));
  }
  checks.push(...countChecks(meter));
  const outcome = { ...describe(cleanConstants, options), ...meter.totals(), robust, reliability: checks };
  return { outcome, logits: all };
}

async function* measure(
  { recipe, norm, epsilon }: PlannedAttack,
  clean: Clean,
  options: EvaluationOptions,
): AsyncGenerator<Outcome, void, void> {
  const { robust } = clean.outcome;
  if (recipe.type === "attack") yield await measureAttack({ recipe, norm, epsilon, robust }, clean, options);
  else yield* measureEnsemble({ recipe, norm, epsilon }, clean, options);
}

/** Each member attacks what the one before it left; the whole is what the last one left. */
async function* measureEnsemble(
  { recipe, norm, epsilon }: Planned<EnsembleRecipe>,
  clean: Clean,
  options: EvaluationOptions,
): AsyncGenerator<Outcome, void, void> {
  const done: Outcome[] = [];
  for (const member of recipe.members) {
    const robust = (done.at(-1) ?? clean.outcome).robust;
    const named = member.named(`${recipe.name}/${member.name}`);
    const outcome = await measureAttack({ recipe: named, norm, epsilon, robust }, clean, options);
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
    reliability: done.flatMap(({ attack, reliability }) => {
      return reliability.map((check) => ({ ...check, member: attack.name }));
    }),
  };
}

/** One attack on the samples that are flagged in `robust`. */
async function measureAttack(
  attack: Planned<AttackRecipe> & { readonly robust: Uint8Array },
  clean: Clean,
  options: EvaluationOptions,
): Promise<Outcome> {
  const { recipe, norm, epsilon } = attack;
  const { inference, hooks, bounds } = options;
  const meter = new Meter(recipe.name, hooks);
  const constants = recipe.constants({ epsilon, classes: inference.classes });
  const countsErrors = constants.accounting === "foolbox";
  const standing = countsErrors ? new Uint8Array(attack.robust.length).fill(1) : attack.robust.slice();
  const threat = { norm, epsilon, bounds };
  await runPasses(standing, { ...options, recipe, threat, cleanLogits: clean.logits, meter });
  const outcome = {
    ...describe(constants, options, attack),
    ...meter.totals(),
    robust: standing.map((flag, i) => flag & (attack.robust[i] ?? 0)),
    reliability: [...recipe.checks(inference.classes), ...countChecks(meter)],
  };
  return countsErrors ? { ...outcome, foolboxCorrect: countCorrect({ robust: standing }) } : outcome;
}

function describe(
  attack: AttackConstants,
  { seed, range }: EvaluationOptions,
  ball: { readonly norm: Norm; readonly epsilon: number } = { norm: "linf", epsilon: 0 },
) {
  const { norm, epsilon } = ball;
  return { attack, norm, epsilon, seed, range };
}

function compareWithFgsm(outcome: Outcome, others: readonly Outcome[]): ReliabilityCheck[] {
  const fgsm = others.find(
    ({ attack, norm, epsilon }) => attack.name === "fgsm" && norm === outcome.norm && epsilon === outcome.epsilon,
  );
  if (fgsm === undefined || outcome.attack.steps === undefined) return [];
  const samples = outcome.robust.length;
  return weakerThanFgsm({ pgd: countCorrect(outcome), fgsm: countCorrect(fgsm), samples });
}

function sum(outcomes: readonly Outcome[], part: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + part(outcome), 0);
}
