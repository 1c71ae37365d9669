/**
 * Our side of the benchmark, a process of its own: requests come as JSON lines on standard input, each is answered by one line.
 * The instruction set is that of SPARSE_ROBUST_TARGET.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { stream } from "../../src/core/rng.js";
import type { Ascent, Inference } from "../../src/engines/engine.js";
import { nativeEngine, takeTimes } from "../../src/engines/native.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { connectivitySampling } from "../../src/training/connectivity-sampling.js";
import { adversarialTraining } from "../../src/training/objectives/adversarial-training.js";
import { naturalObjective } from "../../src/training/objectives/natural.js";
import type { Objective } from "../../src/training/objectives/objective.js";
import { plainUpdate, type Update } from "../../src/training/update.js";
import { CLASSES, INPUT, keyOf, networkOf, type Subject, subjectSchema, workSchema } from "./subject.js";

const requestSchema = z.object({
  subject: subjectSchema,
  work: workSchema,
  batch: z.int().min(1),
  threads: z.int().min(1),
  repeat: z.int().min(1),
});
type Request = z.output<typeof requestSchema>;

const BALL = { epsilon: 8 / 255, stepSize: 2 / 255 };
const BOUNDS = [0, 1] as const;

/** Steps before the first measured one, on few images: the first of a run draw back half of what the last one drew. */
const STEPS_BEFORE = 12;
const FEW_IMAGES = 16;

/** A network made ready: each call does the work once. */
interface Prepared {
  run(): void;
  /** The network whose steps take time, for their shares; null for training. */
  readonly inference: Inference | null;
}

interface Images {
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

const prepared = new Map<string, Prepared>();
const inferences = new Map<string, Inference>();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(requestSchema.parse(JSON.parse(line))))}\n`);
}

function answer(request: Request): object {
  const { run, inference } = preparedFor(request);
  if (inference !== null) takeTimes(inference);
  const before = process.cpuUsage();
  const seconds = Array.from({ length: request.repeat }, () => secondsOf(run));
  const { user, system } = process.cpuUsage(before);
  const processor = (user + system) / 1e6;
  const memory = 1024 * process.resourceUsage().maxRSS;
  return { seconds, processor, memory, ...(inference === null ? {} : takeTimes(inference)) };
}

function secondsOf(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function preparedFor(request: Request): Prepared {
  const { subject, work, batch, threads } = request;
  const key = `${keyOf(subject)} ${work} ${batch} ${threads}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const made = work === "at" ? adversarialStep(request) : inferenceWork(request);
  prepared.set(key, made);
  return made;
}

function imagesFor(batch: number): Images {
  const images = new Float32Array(batch * INPUT[0] * INPUT[1] * INPUT[2]);
  stream(1, "start").fillUniform(images, 0, 1);
  return { images, labels: Uint8Array.from({ length: batch }, (_, i) => i % CLASSES) };
}

/** A forward pass and a step share the network. */
function inferenceWork({ subject, work, batch, threads }: Request): Prepared {
  const { images, labels } = imagesFor(batch);
  const key = `${keyOf(subject)} ${threads}`;
  const known = inferences.get(key);
  const inference = known ?? nativeEngine({ threads, reason: "benchmark" }).infer(networkOf(subject).network);
  inferences.set(key, inference);
  if (work === "forward") return { run: () => inference.logits(images), inference };
  const ascent = ascentOf(inference, { images, labels });
  return { run: () => ascent.advance(1), inference };
}

function ascentOf(inference: Inference, { images, labels }: Images): Ascent {
  return inference.ascend({
    ...{ images, origin: images, norm: "linf", ...BALL, bounds: BOUNDS },
    lossGradient: (logits) => crossEntropy(logits, labels, CLASSES).gradient,
  });
}

/** A step of training as sparse-train does it: its objective, its update. */
function adversarialStep({ subject, batch, threads }: Request): Prepared {
  const { network, rules } = networkOf(subject, true);
  const training = nativeEngine({ threads, reason: "benchmark" }).train(network, { rules });
  const update = updateOf(subject);
  let step = 0;
  const stepOn = (objective: Objective, images: Images) => {
    const calls = objective.accumulate({ ...images, training, bounds: BOUNDS, seed: 1, step });
    while (!calls.next().done);
    const changes = update.apply({ training, step, rates: { learningRate: 0.01, weightDecay: 5e-4 } });
    while (!changes.next().done);
    step++;
  };
  const few = imagesFor(FEW_IMAGES);
  if (rules.size > 0) for (let i = 0; i < STEPS_BEFORE; i++) stepOn(naturalObjective(), few);
  const data = imagesFor(batch);
  const objective = adversarialTraining({ ...BALL, steps: 10 });
  return { run: () => stepOn(objective, data), inference: null };
}

function updateOf(subject: Subject): Update {
  if (subject.densities === "uniform" || subject.density >= 1) return plainUpdate("sgdw", 0.9);
  const kernels = weightLayers(networkOf(subject).network.graph, INPUT);
  return connectivitySampling({
    ...{ kernels, budget: budgetOf(subject, kernels), seed: 1, momentum: 0.9 },
    ...{ noiseScaling: 1e-6, noiseMode: "code", split: "size", resetMomentum: false },
  });
}
