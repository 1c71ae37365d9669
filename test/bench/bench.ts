/**
 * `npm run bench`: images a second of one PGD step (forward + gradient to the images + step) at the method's layer densities,
 * and the share of its time outside the network's kernels. The table goes to stderr, `benchmark` records to stdout. Medians of
 * several rounds; the densities take turns in each round, so that a slow minute of the machine falls on all of them.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { stream } from "../../src/core/rng.js";
import type { Inference } from "../../src/engines/engine.js";
import { nativeEngine, takeTimes } from "../../src/engines/native.js";
import { formatRecord } from "../../src/formats/ndjson.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { initialNetwork } from "../../src/sparsity/initial.js";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: "vgg16" },
    densities: { type: "string", default: "1,0.1,0.01" },
    "batch-size": { type: "string", default: "128" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "3" },
  },
});

const INPUT = [32, 32, 3] as const;
const CLASSES = 10;
const batchSize = Number(flags["batch-size"]);
const steps = Number(flags.steps);
const engine = nativeEngine({ threads: Number(flags.threads), reason: "benchmark" });

interface Timing {
  /** Of one step. */
  readonly seconds: number;
  /** Shares of the threads' time: convolution kernels, all other steps of the network. */
  readonly convolutions: number;
  readonly others: number;
}

const images = new Float32Array(batchSize * INPUT[0] * INPUT[1] * INPUT[2]);
stream(1, "start").fillUniform(images, 0, 1);
const labels = Uint8Array.from({ length: batchSize }, (_, i) => i % CLASSES);

const runs = flags.densities.split(",").map((text) => {
  const density = Number(text);
  return { density, network: sparseNetwork(density), timings: [] as Timing[] };
});
for (let round = 0; round <= Number(flags.rounds); round++) {
  for (const { network, timings } of runs) {
    const timing = timeSteps(network);
    if (round > 0) timings.push(timing);
  }
}
print("| network | density | ms a step | images/s | in convolutions | in other layers | outside |");
print("| :-- | --: | --: | --: | --: | --: | --: |");
for (const { density, timings } of runs) report(density, medianOf(timings));

/** The method's network after its first top-up, which is what training spends its time on. */
function sparseNetwork(density: number): Inference {
  const { graph, initialDensity } = catalogModel({ name: flags.model, width: 1, input: INPUT, classes: CLASSES });
  const { network } = initialNetwork({
    graph,
    input: INPUT,
    classes: CLASSES,
    mode: density < 1 ? "fixed" : "dense",
    budget: budgetOf({ density }, weightLayers(graph, INPUT)),
    initialDensity: ({ name }, p) => initialDensity.get(name)?.(p) ?? p,
    excess: "rescale",
    seed: 1,
  });
  return engine.infer(network);
}

/** Steps of projected ascent on the cross-entropy, the host's part of it included. */
function timeSteps(network: Inference): Timing {
  const ascent = network.ascend({
    images,
    origin: images,
    lossGradient: (logits) => crossEntropy(logits, labels, CLASSES).gradient,
    norm: "linf",
    epsilon: 8 / 255,
    stepSize: 2 / 255,
    bounds: [0, 1],
  });
  takeTimes(network);
  const start = performance.now();
  ascent.advance(steps);
  const seconds = (performance.now() - start) / 1000;
  const { convolutions, others } = takeTimes(network);
  ascent.dispose();
  const ofThreads = seconds * engine.info.threads;
  return { seconds: seconds / steps, convolutions: convolutions / ofThreads, others: others / ofThreads };
}

function report(density: number, { seconds, convolutions, others }: Timing): void {
  const rate = batchSize / seconds;
  const outside = 1 - convolutions - others;
  const shares = [convolutions, others, outside].map((share) => `${(100 * share).toFixed(1)}%`);
  print(`| ${[flags.model, density, (1000 * seconds).toFixed(1), rate.toFixed(0), ...shares].join(" | ")} |`);
  const config = { model: flags.model, density, batchSize, threads: engine.info.threads, device: engine.info.device };
  record("pgd-step", { value: rate, unit: "images/s", config });
  record("pgd-step-outside-kernels", { value: outside, unit: "share", config });
}

function record(
  name: string,
  fields: { readonly value: number; readonly unit: string; readonly config: object },
): void {
  process.stdout.write(
    formatRecord({ type: "benchmark", run: "bench", time: new Date().toISOString(), name, ...fields }),
  );
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

function medianOf(timings: readonly Timing[]): Timing {
  const sorted = timings.toSorted((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)] ?? { seconds: Number.NaN, convolutions: Number.NaN, others: Number.NaN };
}
