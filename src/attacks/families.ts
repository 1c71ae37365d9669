/** The attacks of this program, as rows: what each takes, records, and runs. */
import { z } from "zod";
import { crossEntropy } from "../losses/cross-entropy.js";
import { cwLoss } from "../losses/margin.js";
import { type ApgdConstants, apgd } from "./apgd.js";
import { lossFor } from "./apgd-loss.js";
import type { AttackBatch, BallNorm } from "./attack.js";
import { type BrendelBethgeConstants, brendelBethge, brendelBethgeMinimal } from "./brendel-bethge.js";
import { count, fraction, notNegative, positive, yesOrNo } from "./constants.js";
import { type FabConstants, fab, fabMinimal, fabPasses } from "./fab.js";
import type { Family } from "./family.js";
import { targetChecks, targetsAmong, tooFewClasses, tooManyTargets } from "./few-classes.js";
import { type FgsmConstants, fgsm } from "./fgsm.js";
import { pgd } from "./pgd.js";
import { type SquareConstants, square } from "./square.js";

export const fgsmFamily: Family<FgsmConstants> = {
  schema: z.strictObject({ randomStart: yesOrNo }),
  record: (constants) => ({ ...constants }),
  passes: () => 1,
  work: () => 1,
  run: (batch, constants) => fgsm(batch, constants),
};

export interface PgdConstants {
  readonly steps: number;
  /** null: 2.5 epsilon / steps. */
  readonly stepSize: number | null;
  readonly restarts: number;
  readonly randomStart: boolean;
  /** Whether clean errors are attacked too, to count as Foolbox does; outcomes and accuracy are strict in both. */
  readonly accounting: "strict" | "foolbox";
}

export interface CwConstants extends PgdConstants {
  readonly kappa: number;
}

const pgdShape = {
  steps: count,
  stepSize: positive.nullable(),
  restarts: count,
  randomStart: yesOrNo,
  accounting: z.enum(["strict", "foolbox"], "expected strict or foolbox"),
};

export const pgdFamily: Family<PgdConstants> = {
  schema: z.strictObject(pgdShape),
  settle: settleRestarts,
  record: (constants, { epsilon }) => ({ ...constants, stepSize: stepSizeOf(constants, epsilon) }),
  passes: ({ restarts }) => restarts,
  work: ({ steps }) => steps,
  run: (batch, constants, restart) =>
    pgd(batch, { ...constants, stepSize: stepSizeOf(constants, batch.threat.epsilon), loss: crossEntropy }, restart),
};

export const cwFamily: Family<CwConstants> = {
  ...pgdFamily,
  schema: z.strictObject({ ...pgdShape, kappa: notNegative }),
  settle: settleRestarts,
  run: (batch, constants, restart) => {
    const stepSize = stepSizeOf(constants, batch.threat.epsilon);
    return pgd(batch, { ...constants, stepSize, loss: cwLoss(constants.kappa) }, restart);
  },
};

function stepSizeOf({ stepSize, steps }: PgdConstants, epsilon: number): number {
  return stepSize ?? (2.5 * epsilon) / steps;
}

/** Without a random start there is one run, unless a config asks for more: then it contradicts itself. */
function settleRestarts<Constants extends PgdConstants>(
  constants: Constants,
  overrides: Readonly<Record<string, unknown>>,
): Constants | string {
  const { randomStart, restarts } = constants;
  if (randomStart || restarts === 1) return constants;
  if (overrides.restarts === undefined) return { ...constants, restarts: 1 };
  return `${restarts} restarts without a random start are all the same; set restarts to 1`;
}

const apgdShape = { steps: count, restarts: count, rho: fraction, eot: count };

/** Auto-PGD on one of the untargeted losses. */
export function apgdFamily(loss: "ce" | "dlr"): Family<ApgdConstants> {
  return {
    schema: z.strictObject(apgdShape),
    record: (constants, { classes }) => ({ ...constants, loss: lossFor(loss, classes) }),
    passes: ({ restarts }) => restarts,
    work: workOfAscent,
    run: (batch, constants, pass) => apgd(batch, { ...constants, targets: 1, loss }, pass),
    checks: (_, classes) => tooFewClasses(loss, classes),
  };
}

export interface TargetedApgdConstants extends ApgdConstants {
  readonly targets: number;
}

export const targetedApgdFamily: Family<TargetedApgdConstants> = {
  schema: z.strictObject({ ...apgdShape, targets: count }),
  record: (constants, { classes }) => ({ ...effective(constants, classes), loss: lossFor("dlr-t", classes) }),
  passes: (constants, classes) => constants.restarts * effective(constants, classes).targets,
  work: workOfAscent,
  run: (batch, constants, pass) => {
    return apgd(batch, { ...effective(constants, batch.inference.classes), loss: "dlr-t" }, pass);
  },
  checks: ({ targets }, classes) => targetChecks(targets, classes),
};

function workOfAscent({ steps, eot }: ApgdConstants): number {
  return (steps + 1) * eot;
}

function effective(constants: TargetedApgdConstants, classes: number): TargetedApgdConstants {
  return { ...constants, targets: targetsAmong(constants.targets, classes) };
}

/** The balls of attacks that need no ascent of the engine. */
const EVERY: readonly BallNorm[] = ["linf", "l2", "l1"];

/** FAB from boundary to boundary, without targets. */
export const fabFamily: Family<Omit<FabConstants, "targets">> = {
  schema: z.strictObject({ steps: count, restarts: count }),
  norms: EVERY,
  record: (constants) => ({ ...constants }),
  passes: ({ restarts }) => restarts,
  work: ({ steps }, classes) => steps * classes,
  run: (batch, constants, pass) => fab(batch, { ...constants, targets: 0 }, pass),
  nearest: (batch, constants, pass) => fabMinimal(batch, { ...constants, targets: 0 }, pass),
};

export const targetedFabFamily: Family<FabConstants> = {
  schema: z.strictObject({ steps: count, restarts: count, targets: count }),
  norms: EVERY,
  record: ({ targets, ...others }, { classes }) => ({ ...others, targets: Math.min(targets, classes - 1) }),
  passes: fabPasses,
  work: ({ steps }) => 2 * steps,
  run: fab,
  nearest: fabMinimal,
  checks: ({ targets }, classes) => tooManyTargets(targets, classes),
};

export const squareFamily: Family<SquareConstants> = {
  schema: z.strictObject({ queries: count, p0: fraction, excludeLast: yesOrNo }),
  norms: EVERY,
  record: (constants) => ({ ...constants }),
  passes: () => 1,
  work: ({ queries }) => queries + 1,
  run: square,
};

export interface BoundaryConstants extends Omit<BrendelBethgeConstants, "others"> {
  /** Where walks begin; images of other classes and a strong attack stand in where noise finds nothing. */
  readonly start: "blended-noise";
}

export const brendelBethgeFamily: Family<BoundaryConstants> = {
  schema: z.strictObject({
    steps: count,
    learningRate: positive,
    bbRefBatch: count,
    start: z.literal("blended-noise", "expected blended-noise"),
    noiseDraws: count,
  }),
  norms: EVERY,
  record: (constants) => ({ ...constants }),
  passes: () => 1,
  work: ({ steps, noiseDraws }) => steps + noiseDraws + STARTING,
  run: (batch, constants, pass) => brendelBethge(batch, withOthers(batch, constants), pass),
  nearest: (batch, constants, pass) => brendelBethgeMinimal(batch, withOthers(batch, constants), pass),
};

function withOthers(batch: AttackBatch, constants: BoundaryConstants): BrendelBethgeConstants {
  const others = batch.exemplars?.();
  return others === undefined ? constants : { ...constants, others };
}

/** Blends with noise, images of other classes, steps of a strong attack, bisections: most that a start may take besides noise. */
const STARTING = 1200;
