/** Record streams for the case tests: training runs that end well and badly, and attack results to compare. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatRecord } from "../../src/formats/ndjson.js";
import { encodeOutcomes } from "../../src/records/events.js";
import type { Digests } from "./case-checkpoints.js";

type Fields = Readonly<Record<string, unknown>>;

const TIME = "2026-01-02T03:04:05.678Z";
const IMAGES = "e".repeat(64);
const ENGINE = { name: "native", device: "a processor", threads: 2, reason: "no GPU" };
const EPSILON = 8 / 255;

/** Writes all of them into `folder`. */
export function writeStreams(folder: string, digests: Digests): void {
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of [...trainingStreams(digests), ...resultStreams()]) write(name, text);
}

function trainingStreams(digests: Digests): readonly (readonly [string, string])[] {
  const sha256 = (path: string) => digests.get(path) ?? "";
  const best = checkpoint("train-1", { path: "toy.safetensors", sha256: sha256("toy.safetensors"), role: "best" });
  const final = checkpoint("train-1", {
    path: "other.safetensors",
    sha256: sha256("other.safetensors"),
    role: "final",
  });
  const start = runStart("train-1", "sparse-train");
  const done = text([start, epoch("train-1"), best, final, runEnd("train-1")]);
  const lines = done.split("\n");
  return [
    ["done.ndjson", done],
    ["final-only.ndjson", text([start, final, runEnd("train-1")])],
    ["stage.ndjson", text([start, { ...best, role: "stage" }, runEnd("train-1")])],
    ["interrupted.ndjson", text([start, epoch("train-1"), best, runEnd("train-1", "interrupted")])],
    ["unfinished.ndjson", text([start, epoch("train-1"), best])],
    ["no-checkpoint.ndjson", text([start, epoch("train-1"), runEnd("train-1")])],
    ["changed.ndjson", text([start, { ...best, sha256: "c".repeat(64) }, runEnd("train-1")])],
    ["missing.ndjson", text([start, { ...best, path: "gone.safetensors" }, runEnd("train-1")])],
    ["malformed.ndjson", [lines[0], '{"type":"train.epoch","run":', ...lines.slice(1)].join("\n")],
    ["wrong-field.ndjson", text([start, { ...best, density: 1.5 }, runEnd("train-1")])],
    ["cut.ndjson", `${done}{"type":"notice","run":"tr`],
    ["unknown.ndjson", text([{ type: "weather", sky: "clear" }]) + done],
  ];
}

function resultStreams(): readonly (readonly [string, string])[] {
  const ours = { run: "ours-1", method: "bayes", digest: "a", shares: [0.71, 0.52, 0.46] };
  const hydra = { run: "hydra-1", method: "hydra", digest: "b", shares: [0.7, 0.5, 0.459] };
  const whole = (options: Attacked) =>
    text([runStart(options.run, "attack-eval"), ...results(options), runEnd(options.run)]);
  const shard = (number: number, range: readonly [number, number]) => {
    const run = `shard-${number}`;
    const start = runStart(run, "attack-eval", { shard: `${number}/2` });
    return text([start, ...results({ ...ours, run, range }), runEnd(run)]);
  };
  return [
    ["ours.ndjson", whole(ours)],
    ["hydra.ndjson", whole(hydra)],
    ["ten-thousand.ndjson", whole({ ...ours, range: [0, 10_000] })],
    ["fewer.ndjson", whole({ ...hydra, range: [0, 500] })],
    ["other-steps.ndjson", whole({ ...hydra, steps: 40 })],
    ["other-epsilon.ndjson", whole({ ...hydra, epsilonText: "4/255", epsilon: 4 / 255 })],
    ["other-images.ndjson", whole({ ...hydra, images: "f".repeat(64) })],
    [
      "interrupted-attack.ndjson",
      text([runStart("ours-1", "attack-eval"), ...results(ours).slice(0, 2), runEnd("ours-1", "interrupted")]),
    ],
    ["masked.ndjson", whole({ ...ours, shares: [0.9, 0.8, 0.2] })],
    ["false-count.ndjson", whole(ours).replace('"correct":520', '"correct":521')],
    ["shard1.ndjson", shard(1, [0, 500])],
    ["shard2.ndjson", shard(2, [500, 1000])],
    ["overlap.ndjson", shard(2, [400, 1000])],
    ["gap.ndjson", shard(2, [600, 1000])],
  ];
}

interface Attacked {
  readonly run: string;
  readonly method: string;
  /** A letter, repeated. */
  readonly digest: string;
  /** Accuracies under clean, fgsm, pgd50x1. */
  readonly shares: readonly number[];
  readonly range?: readonly [number, number];
  readonly steps?: number;
  readonly epsilon?: number;
  readonly epsilonText?: string;
  readonly images?: string;
}

function results(options: Attacked): readonly Fields[] {
  const { run, method, digest, shares, range = [0, 1000], steps = 50, epsilon = EPSILON } = options;
  const { epsilonText = "8/255", images = IMAGES } = options;
  const attacks = [
    { name: "clean", randomStart: false },
    { name: "fgsm", randomStart: false },
    { name: "pgd50x1", steps, stepSize: (2.5 * epsilon) / 50, restarts: 1, randomStart: true, accounting: "strict" },
  ];
  const { type: _type, ...network } = checkpoint(run, {
    path: `runs/${method}/best.safetensors`,
    sha256: digest.repeat(64),
    role: "best",
  });
  const described = { ...network, method, density: 0.1, connections: 1095, weights: 10_952 };
  return attacks.map((attack, i) => {
    const outcomes = standing(range, shares[i] ?? 0);
    const correct = outcomes.reduce((sum, flag) => sum + flag, 0);
    const radius = i === 0 ? { epsilon: 0, epsilonText: "0" } : { epsilon, epsilonText };
    return {
      ...{ type: "attack.result", run, time: TIME, checkpoint: described, attack, norm: "linf", ...radius, seed: 1 },
      data: { name: "sample", split: "test", sha256: images },
      ...{
        range,
        samples: outcomes.length,
        correct,
        accuracy: correct / outcomes.length,
        outcomes: encodeOutcomes(outcomes),
      },
      ...{ forwards: 10, gradients: 10, seconds: 1, reliability: [] },
    };
  });
}

/** The given share of each thousand, spread over it; what stands at one share stands at every larger one. */
function standing([from, to]: readonly [number, number], share: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => ((((from + i) * 7919) % 1000) / 1000 < share ? 1 : 0));
}

function runStart(run: string, command: string, config: Fields = {}): Fields {
  const data = { name: "sample", split: command === "attack-eval" ? "test" : "train", samples: 1000, sha256: IMAGES };
  return { type: "run.start", run, time: TIME, command, version: "0.1.0", config, seed: 1, engine: ENGINE, data };
}

function runEnd(run: string, status = "done"): Fields {
  return { type: "run.end", run, time: TIME, status, seconds: 3 };
}

function epoch(run: string): Fields {
  return {
    ...{ type: "train.epoch", run, time: TIME, phase: "train", epoch: 1, step: 10, loss: "NaN", learningRate: 0.1 },
    ...{ trainAccuracy: 0.5, cleanAccuracy: 0.4, robustAccuracy: 0.3, connections: 666, density: 1, reconnected: 0 },
    selection: { split: "train", samples: 300, rule: "val-pgd" },
    layers: [{ name: "conv1", size: 36, connections: 36 }],
    ...{ imagesPerSecond: 100, seconds: 1, memoryBytes: 1000 },
  };
}

function checkpoint(
  run: string,
  file: { readonly path: string; readonly sha256: string; readonly role: string },
): Fields {
  return {
    ...{ type: "checkpoint", run, time: TIME, ...file, parent: null, model: { name: "toy" }, data: { name: "sample" } },
    ...{ method: "bayes", density: 1, objective: "at", seed: 1, step: 10, epoch: 1, connections: 676, weights: 676 },
    ...{ multiplyAdds: 9856, bytes: 4096, imageSteps: 1280, forwardEquivalents: 34_560, seconds: 1 },
  };
}

function text(records: readonly Fields[]): string {
  return records.map((record) => formatRecord(record)).join("");
}
