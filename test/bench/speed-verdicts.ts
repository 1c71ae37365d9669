/** Which of the factors that the engine is held to a network's figures reach. */
import { LEAST_OF_SCALING, MOST_OF_TENTH, MOST_OUTSIDE, MUSTS } from "./musts.js";
import { secondsOf } from "./rounds.js";
import type { Speed, SpeedRow } from "./speed.js";
import { outsideOf, ratioOf, scalingOf } from "./speed-table.js";
import { keyOf } from "./subject.js";
import type { Verdict } from "./verdicts.js";

export function speedVerdicts(speed: Speed): Verdict[] {
  return [
    ...ratios(speed),
    ...growth(speed),
    ...speed.rows.flatMap((one) => [...scaling(one, speed), ...outside(one)]),
  ];
}

/** On all threads, and on one. */
function ratios(speed: Speed): Verdict[] {
  return MUSTS.flatMap(({ subject, work, against, must, goal }) => {
    const one = speed.rows.find((other) => other.work === work && keyOf(other.subject) === keyOf(subject));
    if (one === undefined) return [];
    const { threads } = speed.options;
    const counts = threads > 1 ? (["all", "single"] as const) : (["all"] as const);
    return counts.map((count) => ({
      what: `${keyOf(subject)}, ${work}, against PyTorch ${against}, ${threadsText(count === "all" ? threads : 1)}`,
      ...{ sense: "at least", must, goal, found: ratioOf(one, speed, { against, count }), unit: "times" },
      config: { ...subject, work, peer: `torch ${against}`, threads: count === "all" ? threads : 1 },
    }));
  });
}

function threadsText(count: number): string {
  return count === 1 ? "1 thread" : `${count} threads`;
}

/** A tenth of the connections should take little more than a tenth of the time. */
function growth({ rows }: Speed): Verdict[] {
  return (["forward", "step"] as const).flatMap((work) => {
    const at = (density: number) =>
      rows.find((one) => one.work === work && one.subject.densities === "uniform" && one.subject.density === density);
    const [few, many] = [at(0.005), at(0.05)];
    if (few === undefined || many === undefined) return [];
    const { model } = few.subject;
    const share = (less: SpeedRow["single"], more: SpeedRow["single"], threads: string): Verdict[] =>
      less === null || more === null
        ? []
        : [
            {
              what: `${model} uniform, ${work}, time(0.005) of time(0.05), ${threads}`,
              ...{ sense: "at most", must: MOST_OF_TENTH, unit: "share" },
              found: secondsOf(less) / secondsOf(more),
              config: { model, work },
            },
          ];
    return [...share(few.all, many.all, "all threads"), ...share(few.single, many.single, "1 thread")];
  });
}

function scaling(one: SpeedRow, speed: Speed): Verdict[] {
  if (one.work !== "step" || one.subject.densities !== "method") return [];
  const what = `${keyOf(one.subject)}, ${one.work}, all threads against one, of what the peak gains`;
  const found = scalingOf(one, speed);
  return [{ what, sense: "at least", ...LEAST_OF_SCALING, found, unit: "share", config: one.subject }];
}

function outside(one: SpeedRow): Verdict[] {
  if (one.work !== "at" || keyOf(one.subject) !== "vgg16 method 0.1") return [];
  const what = `${keyOf(one.subject)}, ${one.work}, outside the passes over the network`;
  const found = outsideOf(one.all);
  return [{ what, sense: "at most", must: MOST_OUTSIDE, found, unit: "share", config: one.subject }];
}
