/** Auto-PGD in the L1 ball (Croce & Hein 2021): sparse steps, projections onto ball and box at once, and radii that shrink to the wanted one. */
import { stream } from "../core/rng.js";
import { ascend } from "./apgd-ascent.js";
import { type ApgdLoss, lossFor } from "./apgd-loss.js";
import { lossCode } from "./apgd-start.js";
import { rankedTargets } from "./apgd-targets.js";
import { type AttackBatch, type AttackRun, type EngineCall, type Passes, passOf } from "./attack.js";
import { BatchRows } from "./batch-rows.js";
import { projectOntoL1 } from "./l1-projection.js";
import { SparseClimb } from "./sparse-climb.js";

export interface L1ApgdConstants {
  readonly steps: number;
  readonly restarts: number;
  readonly eot: number;
  /** Whether the climb begins in balls three times and twice as large, for three tenths of all steps each. */
  readonly largerRadii: boolean;
  readonly targets?: number;
}

/** A window between two checks is this share of a stage's steps. */
const WINDOW = 0.04;

/**
 * One pass, counted from 1, from a random start: images that were misclassified in the wanted ball, the images as they are elsewhere.
 * Passes go through targets as those of `apgd` do. `(steps + 1)` gradients, two more with larger radii.
 */
export function* l1Apgd(
  batch: AttackBatch,
  constants: L1ApgdConstants & { readonly loss: ApgdLoss },
  pass: Passes,
): AttackRun {
  const { inference, images, labels, threat } = batch;
  const loss = lossFor(constants.loss, inference.classes);
  const targets = loss === "dlr-t" ? yield* rankedTargets(batch, constants.targets ?? 1, pass) : null;
  const rows = new BatchRows(batch);
  const starts = rows.split(gaussianStart(batch, { pass, loss }));
  const stages = stagesOf(constants);
  let climbs: SparseClimb[] = [];
  for (const [number, { radius, steps }] of stages.entries()) {
    const epsilon = Math.fround(radius * threat.epsilon);
    const isLast = number === stages.length - 1;
    climbs = Array.from(labels, (label, sample) => {
      const [origin, start] = [rows.of(images, sample), climbs[sample]?.best ?? starts[sample] ?? new Float32Array(0)];
      projectOntoL1(start, { origin, epsilon, bounds: threat.bounds });
      return new SparseClimb(origin, start, { label, target: targets?.[sample] ?? -1, isBegun: stages.length > 1 });
    });
    const ball = { ...threat, epsilon };
    const ascent = { ...batch, threat: ball, loss, steps, rho: 1, eot: constants.eot, checks: windowsInL1(steps) };
    const run = ascend(climbs, { ...ascent, dropsFooled: isLast && constants.eot === 1 });
    yield* number === 0 ? run : withoutChecks(run);
  }
  const found = images.slice();
  for (const [sample, { adversarial }] of climbs.entries()) rows.of(found, sample).set(adversarial ?? []);
  return found;
}

/** Radii as multiples of the wanted one, with their steps. */
function stagesOf({ steps, largerRadii }: L1ApgdConstants) {
  if (!largerRadii) return [{ radius: 1, steps }];
  const some = Math.ceil(0.3 * steps);
  return [
    { radius: 3, steps: some },
    { radius: 2, steps: some },
    { radius: 1, steps: Math.max(0, steps - 2 * some) },
  ];
}

/** The length of the window that ends with a step (from 0), for each step after which a check comes. */
export function windowsInL1(steps: number): ReadonlyMap<number, number> {
  const window = Math.max(Math.floor(WINDOW * steps), 1);
  const count = Math.floor(steps / window);
  return new Map(Array.from({ length: count }, (_, i) => [(i + 1) * window - 1, window]));
}

/** Standard normal noise on every pixel, not yet in any ball. */
function gaussianStart(batch: AttackBatch, { pass, loss }: { readonly pass: Passes; readonly loss: ApgdLoss }) {
  const { images, indices, seed } = batch;
  const start = new Float32Array(images.length);
  const rows = new BatchRows(batch);
  for (const [sample, index] of indices.entries()) {
    stream(seed, "apgd", passOf(pass, sample), index, lossCode(loss)).fillNormal(rows.of(start, sample), 1);
  }
  for (let i = 0; i < start.length; i++) start[i] = (images[i] as number) + (start[i] as number);
  return start;
}

/** Later stages begin at the best of the one before: what they say of gradients there speaks of no start. */
function* withoutChecks(run: Generator<EngineCall, void>): Generator<EngineCall, void> {
  for (const { forwards, gradients } of run) yield { forwards, gradients };
}
