/**
 * `npm run bench`: images a second of forward + input gradient (one PGD step) of a network at the method's layer densities.
 * The table goes to stderr, `benchmark` records to stdout. Medians of several rounds; densities take turns in each round, so
 * that a slow minute of the machine falls on all of them.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { stream } from "../../src/core/rng.js";
import { chooseEngine } from "../../src/engines/choose.js";
import type { Engine, Inference } from "../../src/engines/engine.js";
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
const batch = Number(flags["batch-size"]);
const engine = await chooseEngine({ engine: "native", threads: Number(flags.threads) });
const densities = flags.densities.split(",").map(Number);
const runs = densities.map((density) => ({
  density,
  network: sparseNetwork(engine, density),
  seconds: [] as number[],
}));

const images = new Float32Array(batch * INPUT[0] * INPUT[1] * INPUT[2]);
stream(1, "start").fillUniform(images, 0, 1);
const labels = Uint8Array.from({ length: batch }, (_, i) => i % CLASSES);

for (let round = 0; round <= Number(flags.rounds); round++) {
  for (const run of runs) {
    const seconds = pgdStepSeconds(run.network);
    if (round > 0) run.seconds.push(seconds);
  }
}
for (const { density, seconds } of runs) report(density, median(seconds));

/** The method's network after its first top-up, which is what training spends its time on. */
function sparseNetwork({ infer }: Engine, density: number): Inference {
  const { graph, initialDensity } = catalogModel({ name: flags.model, width: 1, input: INPUT, classes: CLASSES });
  const kernels = weightLayers(graph, INPUT);
  const { network } = initialNetwork({
    graph,
    input: INPUT,
    classes: CLASSES,
    mode: density < 1 ? "fixed" : "dense",
    budget: budgetOf({ density }, kernels),
    initialDensity: ({ name }, p) => initialDensity.get(name)?.(p) ?? p,
    excess: "rescale",
    seed: 1,
  });
  return infer(network);
}

/** Mean time of one step of projected ascent on the cross-entropy, the host's part of it included. */
function pgdStepSeconds(network: Inference): number {
  const ascent = network.ascend({
    images,
    origin: images,
    lossGradient: (logits) => crossEntropy(logits, labels, CLASSES).gradient,
    norm: "linf",
    epsilon: 8 / 255,
    stepSize: 2 / 255,
    bounds: [0, 1],
  });
  const steps = Number(flags.steps);
  const start = performance.now();
  ascent.advance(steps);
  const seconds = (performance.now() - start) / 1000 / steps;
  ascent.dispose();
  return seconds;
}

function report(density: number, seconds: number): void {
  const rate = batch / seconds;
  process.stderr.write(
    `${flags.model}  density ${density}  ${(seconds * 1000).toFixed(1)} ms  ${rate.toFixed(0)} images/s\n`,
  );
  const record = {
    type: "benchmark",
    run: "bench",
    time: new Date().toISOString(),
    name: "pgd-step",
    value: rate,
    unit: "images/s",
    config: { model: flags.model, density, batchSize: batch, threads: engine.info.threads, device: engine.info.device },
  };
  process.stdout.write(formatRecord(record));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
