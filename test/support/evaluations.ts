/** Evaluations of a small set of samples, for the tests of attacks. */
import { evaluate } from "../../src/attacks/evaluation.js";
import type { EvaluationOptions, PlannedAttack } from "../../src/attacks/evaluation-options.js";
import { parseAttacks } from "../../src/attacks/names.js";
import type { Outcome } from "../../src/attacks/outcome.js";
import type { Norm } from "../../src/engines/engine.js";
import { inferenceOf, samplesOf } from "./analytic-network.js";
import { linearImages, linearLabels, linearNetwork } from "./golden-networks.js";

/** One of each kind. */
export const everyAttack = [
  "fgsm",
  "pgd5-det",
  "pgd5x2",
  "cw5x2",
  "apgd-ce",
  "apgd-dlr",
  "apgd-t",
  "fab",
  "fab-t",
  "square",
];

/** Fewer iterations than the published ones, for speed. */
const shorter: Record<string, unknown> = {
  "apgd-ce": { steps: 12, restarts: 2 },
  "apgd-dlr": { steps: 12 },
  "apgd-t": { steps: 12, targets: 2 },
  fab: { steps: 5, restarts: 2 },
  "fab-t": { steps: 5, targets: 2 },
  square: { queries: 60 },
};

/** Samples of `common` whose label is wrong. */
export const wrongOnes = [3, 11, 19, 27, 35];

export const labels = linearLabels.slice(0, 40).map((label, i) => (wrongOnes.includes(i) ? (label + 1) % 5 : label));

/** 40 samples of the linear network, five of them with a wrong label, under every attack. */
export const common: EvaluationOptions = {
  inference: inferenceOf(linearNetwork({ scale: 1 })),
  samples: samplesOf(linearImages.slice(0, 40 * 192), labels),
  range: [0, 40],
  attacks: planned(everyAttack),
  seed: 1,
  bounds: [0, 1],
  batchSize: 16,
};

/** With short versions of the long attacks, and what else `recipes` changes. */
export function planned(
  names: readonly string[],
  ball: { norm?: Norm; epsilon?: number } = {},
  recipes: Record<string, unknown> = {},
): PlannedAttack[] {
  const parsed = parseAttacks({ names, recipes: { ...shorter, ...recipes } });
  return parsed.map((recipe) => ({ recipe, norm: "linf", epsilon: 0.01, ...ball }));
}

/** All outcomes, without their times. */
export async function collect(options: EvaluationOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of evaluate(options)) outcomes.push({ ...outcome, seconds: 0 });
  return outcomes;
}

/** And every fooled image with its index. */
export async function withImages(options: EvaluationOptions) {
  const images: [number, number[]][] = [];
  const hooks = {
    fooled: ({ index, image }: { index: number; image: Float32Array }) => void images.push([index, [...image]]),
  };
  return { outcomes: await collect({ ...options, hooks }), images };
}

/** For outcomes that must be there. */
export function fail(): never {
  throw new Error("an outcome is missing");
}
