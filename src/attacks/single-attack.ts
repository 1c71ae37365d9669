/** One attack on the samples that are right so far: from its recipe to what it leaves. */
import type { BallNorm } from "./attack.js";
import { type EvaluationOptions, includedOf, type Planned } from "./evaluation-options.js";
import { type AttackJournal, type Finding, journalKey, noJournal } from "./journal.js";
import { Meter } from "./meter.js";
import { countCorrect, type Outcome } from "./outcome.js";
import { runPasses } from "./passes.js";
import { type AttackConstants, type AttackRecipe, cleanConstants } from "./recipe.js";
import { countChecks } from "./reliability.js";

interface AttackOnStanding extends Planned<AttackRecipe> {
  /** 1 for each sample of the range that is right so far. */
  readonly robust: Uint8Array;
  /** [samples of the range, classes], of the network that attacks see. */
  readonly cleanLogits: Float32Array;
}

/** One attack on the samples that are flagged in `robust`. */
export async function measureAttack(attack: AttackOnStanding, options: EvaluationOptions): Promise<Outcome> {
  const { recipe, epsilon, minimal = false } = attack;
  const classes = (options.source ?? options).inference.classes;
  const constants = recipe.constants({ epsilon, classes });
  const isMinimal = minimal && recipe.nearest !== null;
  const described = describe(isMinimal ? { ...constants, minimal } : constants, options, attack);
  const journal = (options.journal ?? noJournal)(journalKey(attack));
  const known = journal.finding();
  if (known !== null) return { ...described, ...known };
  const countsErrors = constants.accounting === "foolbox";
  const finding = await findOut({ ...attack, minimal: isMinimal, countsErrors, journal }, options);
  await journal.finish(finding);
  return { ...described, ...finding };
}

interface Investigation extends AttackOnStanding {
  readonly minimal: boolean;
  /** Whether samples that are wrong from the start are attacked too. */
  readonly countsErrors: boolean;
  readonly journal: AttackJournal;
}

async function findOut(attack: Investigation, options: EvaluationOptions): Promise<Finding> {
  const { recipe, norm, epsilon, cleanLogits, minimal, countsErrors, journal } = attack;
  const source = (options.source ?? options).inference;
  const meter = new Meter(recipe.name, options.hooks);
  const included = includedOf(options);
  const standing = countsErrors ? included.slice() : attack.robust.slice();
  const threat = { norm, epsilon, bounds: options.bounds };
  const run = { ...options, source, recipe, threat, cleanLogits, meter, journal, minimal };
  const norms = await runPasses(standing, run);
  const finding = {
    ...meter.totals(),
    robust: standing.map((flag, i) => flag & (attack.robust[i] ?? 0)),
    reliability: [...recipe.checks(source.classes), ...countChecks(meter)],
  };
  const counted = countsErrors ? { ...finding, foolboxCorrect: countCorrect({ robust: standing }) } : finding;
  if (norms === null) return counted;
  const found = Array.from(norms, (length, i) => (included[i] === 1 && Number.isFinite(length) ? length : null));
  return { ...counted, norms: found };
}

/** What tells an outcome from others. */
export function describe(
  attack: AttackConstants,
  { seed, range, included, source }: EvaluationOptions,
  ball: { readonly norm: BallNorm; readonly epsilon: number } = { norm: "linf", epsilon: 0 },
) {
  const { norm, epsilon } = ball;
  const isTransferred = source !== undefined && attack.name !== cleanConstants.name;
  return {
    attack: isTransferred ? { ...attack, transferFrom: source.sha256 } : attack,
    ...{ norm, epsilon, seed, range },
    ...(included === undefined ? {} : { included }),
  };
}
