/** Auto-PGD in the L1 ball, as rows of the same kind as the other attacks: its constants are others. */
import { z } from "zod";
import { type L1ApgdConstants, l1Apgd } from "./apgd-l1.js";
import { lossFor } from "./apgd-loss.js";
import { count, yesOrNo } from "./constants.js";
import type { Family } from "./family.js";
import { targetChecks, targetsAmong, tooFewClasses } from "./few-classes.js";

const shape = { steps: count, restarts: count, eot: count, largerRadii: yesOrNo };

export function l1ApgdFamily(loss: "ce" | "dlr"): Family<Omit<L1ApgdConstants, "targets">> {
  return {
    schema: z.strictObject(shape),
    norms: ["l1"],
    record: (constants, { classes }) => ({ ...constants, loss: lossFor(loss, classes) }),
    passes: ({ restarts }) => restarts,
    work: workOfAscent,
    run: (batch, constants, pass) => l1Apgd(batch, { ...constants, loss }, pass),
    checks: (_, classes) => tooFewClasses(loss, classes),
  };
}

interface TargetedConstants extends L1ApgdConstants {
  readonly targets: number;
}

export const targetedL1ApgdFamily: Family<TargetedConstants> = {
  schema: z.strictObject({ ...shape, targets: count }),
  norms: ["l1"],
  record: (constants, { classes }) => ({ ...effective(constants, classes), loss: lossFor("dlr-t", classes) }),
  passes: (constants, classes) => constants.restarts * effective(constants, classes).targets,
  work: workOfAscent,
  run: (batch, constants, pass) =>
    l1Apgd(batch, { ...effective(constants, batch.inference.classes), loss: "dlr-t" }, pass),
  checks: ({ targets }, classes) => targetChecks(targets, classes),
};

function workOfAscent({ steps, eot, largerRadii }: L1ApgdConstants): number {
  return (steps + (largerRadii ? 3 : 1)) * eot;
}

function effective(constants: TargetedConstants, classes: number): TargetedConstants {
  return { ...constants, targets: targetsAmong(constants.targets, classes) };
}
