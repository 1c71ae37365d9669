/** Records as training and attack runs write them, for tables, figures and pages. */
import { type AttackResult, encodeOutcomes, type RunStart, type TrainEpoch } from "../../src/records/events.js";
import { type Collected, ResultCollector } from "../../src/report/results.js";

const TIME = "2026-01-02T03:04:05Z";
const IMAGES = { name: "sample", split: "test", sha256: "0".repeat(64) } as const;

export interface Told {
  readonly method: string;
  readonly flags: readonly number[];
  readonly density?: number;
  readonly seed?: number;
  readonly attack?: string;
  readonly attackSeed?: number;
  readonly epsilon?: number;
  readonly digest?: string;
}

/** One attack on one network; networks differ by method, density and seed. */
export function resultOf(told: Told): AttackResult {
  const { method, flags, density = 0.1, seed = 1, attack = "fgsm", attackSeed = 1, epsilon = 8 / 255 } = told;
  const correct = flags.reduce((sum, flag) => sum + flag, 0);
  const isClean = attack === "clean";
  const name = `${method} ${density} ${seed}`;
  return {
    ...{ type: "attack.result", run: `${name} attacked`, time: TIME, data: IMAGES, norm: "linf", seed: attackSeed },
    checkpoint: {
      ...{
        path: `${name}.safetensors`,
        sha256: told.digest ?? Buffer.from(name).toString("hex").padEnd(64, "0"),
        bytes: 100,
      },
      ...{ method, density, seed, objective: "at", role: "best", model: { name: "toy" }, data: { name: "sample" } },
    },
    attack: { name: attack, randomStart: false },
    epsilon: isClean ? 0 : epsilon,
    epsilonText: isClean ? "0" : `${Math.round(255 * epsilon)}/255`,
    ...{ range: [0, flags.length], samples: flags.length, correct, accuracy: correct / flags.length },
    outcomes: encodeOutcomes(Uint8Array.from(flags)),
    ...{ forwards: 0, gradients: 0, seconds: 0, reliability: [] },
  };
}

/** `share` of `count` samples, the first ones. */
export function standing(count: number, share: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i < share * count ? 1 : 0));
}

export function collect(records: readonly (AttackResult | RunStart | TrainEpoch)[]): Collected {
  const collector = new ResultCollector();
  for (const [i, record] of records.entries()) collector.add(record, "file", i + 1);
  return collector.collected();
}

/** The start and `epochs` epochs of a training run. */
export function trainingRun(run: string, epochs: number): readonly (RunStart | TrainEpoch)[] {
  const start: RunStart = {
    ...{ type: "run.start", run, time: TIME, command: "sparse-train", version: "0.1.0", seed: 1 },
    config: { mode: "bayes", objective: "at" },
    engine: { name: "native", device: "a processor", threads: 2, reason: "no GPU" },
    data: { ...IMAGES, samples: 1000 },
  };
  const rest = Array.from(
    { length: epochs },
    (_, i): TrainEpoch => ({
      ...{ type: "train.epoch", run, time: TIME, phase: "train", epoch: i + 1, step: 10 * (i + 1), loss: 2 / (i + 1) },
      ...{ learningRate: 0.1, trainAccuracy: 0.5, cleanAccuracy: 0.4 + i / 100, robustAccuracy: 0.3 + i / 100 },
      selection: { split: "train", samples: 300, rule: "val-pgd" },
      ...{ connections: 40, density: 0.4, reconnected: 3 },
      layers: [
        { name: "conv1", size: 36, connections: 30 - i },
        { name: "dense2", size: 64, connections: 10 + i },
      ],
      ...{ imagesPerSecond: 100, seconds: 1, memoryBytes: 1000 },
    }),
  );
  return [start, ...rest];
}
