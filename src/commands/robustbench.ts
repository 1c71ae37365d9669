/** `--export-robustbench`: the `model_info` file that RobustBench keeps of each network on its list (Croce et al. 2021). */
import { countCorrect, countSamples, type Outcome } from "../attacks/outcome.js";
import { writeAtomically } from "../core/atomic-write.js";
import type { ImageSet } from "../data/image-set.js";
import type { OpenNetwork } from "./attack-targets.js";

/** The name of the ensemble whose accuracy the list is sorted by. */
export const LISTED_ATTACK = "aa";

export interface BenchmarkEntry {
  readonly network: OpenNetwork;
  readonly images: ImageSet;
  readonly outcomes: readonly Outcome[];
  readonly epsilonText: string;
}

/** Writes it; fields that only the authors know are empty. Throws where the ensemble did not run to its end. */
export async function writeBenchmarkEntry(path: string, entry: BenchmarkEntry): Promise<void> {
  await writeAtomically(path, `${JSON.stringify(benchmarkEntry(entry), null, 2)}\n`);
}

function benchmarkEntry({ network, images, outcomes, epsilonText }: BenchmarkEntry) {
  const clean = outcomes[0];
  const whole = outcomes.find(({ attack }) => attack.name === LISTED_ATTACK);
  if (clean === undefined || whole === undefined) throw new Error(`no outcome of ${LISTED_ATTACK}`);
  const { model, method, objective, density } = network.file.checkpoint;
  const samples = countSamples(whole);
  const name = [method, objective].filter((part) => part !== undefined).join(" ");
  const sparse = density === undefined || density === 1 ? "" : `, density ${density}`;
  return {
    link: "",
    name: `${name}${sparse}`.trim(),
    authors: "",
    // Robust self-training is the one objective that learns from images beyond the data set.
    additional_data: objective === "rst",
    number_forward_passes: 1,
    dataset: images.name,
    venue: "",
    architecture: model === undefined ? "" : `${model.name}${(model.width ?? 1) === 1 ? "" : `, width ${model.width}`}`,
    eps: epsilonText,
    clean_acc: percent(clean, samples),
    reported: percent(whole, samples),
    autoattack_acc: percent(whole, samples),
    unreliable: [...clean.reliability, ...whole.reliability].length > 0,
    ...(samples === FULL_TEST ? {} : { footnote: `Measured on ${samples} test images.` }),
  };
}

/** Images that the list asks for. */
const FULL_TEST = 10_000;

function percent(outcome: Outcome, samples: number): string {
  return ((100 * countCorrect(outcome)) / samples).toFixed(2);
}
