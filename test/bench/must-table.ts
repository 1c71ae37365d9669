/** Which of the factors that the engine is held to are reached. */
import { LEAST_OF_SCALING, MOST_OF_TENTH, MUSTS } from "./musts.js";
import { head, percent, print, record, rounded, row } from "./output.js";
import { secondsOf } from "./rounds.js";
import type { Speed, SpeedRow } from "./speed.js";
import { ratioOf, scalingOf } from "./speed-table.js";
import { keyOf } from "./subject.js";

export function reportMusts(speeds: readonly Speed[]): void {
  print("\n## What is held to\n");
  head(["what", "must", "goal", "found", ""]);
  for (const { subject, work, against, must, goal } of MUSTS) {
    for (const speed of speeds) {
      const one = speed.rows.find((other) => other.work === work && keyOf(other.subject) === keyOf(subject));
      if (one === undefined) continue;
      const found = ratioOf(one, speed, against);
      if (!Number.isFinite(found)) continue;
      row([
        `${keyOf(subject)}, ${work}, against PyTorch ${against}`,
        must,
        goal,
        rounded(found, 2),
        verdict(found >= must),
      ]);
      record(`${work}-ratio`, {
        value: found,
        unit: "times",
        peer: `torch ${against}`,
        config: { ...subject, must, goal },
      });
    }
  }
  for (const speed of speeds) reportGrowth(speed);
  for (const speed of speeds) for (const one of speed.rows) reportScaling(one, speed);
}

/** A tenth of the connections should take little more than a tenth of the time. */
function reportGrowth({ rows }: Speed): void {
  for (const work of ["forward", "step"] as const) {
    const at = (density: number) =>
      rows.find((one) => one.work === work && one.subject.densities === "uniform" && one.subject.density === density);
    const [few, many] = [at(0.005), at(0.05)];
    if (few === undefined || many === undefined) continue;
    const share = secondsOf(few.all) / secondsOf(many.all);
    const { model } = few.subject;
    row([
      `${model} uniform, ${work}, time(0.005) of time(0.05)`,
      `≤ ${MOST_OF_TENTH}`,
      "",
      rounded(share, 2),
      verdict(share <= MOST_OF_TENTH),
    ]);
    record(`${work}-growth`, { value: share, unit: "share", config: { model, must: MOST_OF_TENTH } });
  }
}

function reportScaling(one: SpeedRow, speed: Speed): void {
  const share = scalingOf(one, speed);
  if (one.work !== "step" || one.subject.densities !== "method" || !Number.isFinite(share)) return;
  const name = `${keyOf(one.subject)}, ${one.work}, all threads of one, of the peak's`;
  row([name, percent(LEAST_OF_SCALING), "98%", percent(share), verdict(share >= LEAST_OF_SCALING)]);
  record(`${one.work}-scaling`, { value: share, unit: "share", config: { ...one.subject, must: LEAST_OF_SCALING } });
}

function verdict(isReached: boolean): string {
  return isReached ? "reached" : "**missed**";
}
