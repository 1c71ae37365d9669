/** What is said where a network has too few classes for an attack as it was published. */
import { type ApgdLoss, lossFor } from "./apgd-loss.js";
import type { ReliabilityCheck } from "./reliability.js";

/** A check where the margin takes the loss's place. */
export function tooFewClasses(loss: ApgdLoss, classes: number): ReliabilityCheck[] {
  if (lossFor(loss, classes) === loss) return [];
  const message = `${classes} classes are too few for ${loss.toUpperCase()}: the margin took its place, so this is not the standard attack`;
  return [{ check: "few-classes", value: classes, message }];
}

/** A check where more targets are asked for than there are other classes. */
export function tooManyTargets(targets: number, classes: number): ReliabilityCheck[] {
  if (targets < classes) return [];
  const message = `${targets} targets were asked for; of ${classes} classes only ${classes - 1} can be one`;
  return [{ check: "few-targets", value: classes - 1, message }];
}

/** Both, for a targeted loss. */
export function targetChecks(targets: number, classes: number): ReliabilityCheck[] {
  const tooFew = tooFewClasses("dlr-t", classes);
  return tooFew.length > 0 ? tooFew : tooManyTargets(targets, classes);
}

/** At most every class but the right one is a target; where there is no targeted loss, none but "not the label" is. */
export function targetsAmong(targets: number, classes: number): number {
  return lossFor("dlr-t", classes) === "dlr-t" ? Math.min(targets, classes - 1) : 1;
}
