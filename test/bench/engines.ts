/** The engines beside each other on a forward pass with its image gradient, and the tensorflow engine beside TensorFlow in Python. */
import { join } from "node:path";
import { z } from "zod";
import { chooseEngine, type EngineName } from "../../src/engines/choose.js";
import type { Inference } from "../../src/engines/engine.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { Child } from "./child.js";
import { head, print, record, rounded, row } from "./output.js";
import { CLASSES, INPUT, networkOf, type Subject } from "./subject.js";
import { pythonOf, ROOT, requirePackages } from "./tools.js";

export interface EnginesOptions {
  readonly engines: readonly EngineName[];
  readonly models: readonly string[];
  readonly densities: readonly number[];
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
  /** An environment for TensorFlow in Python, made there when it is missing; null: no such peer. */
  readonly environment: string | null;
}

interface Contender {
  readonly name: string;
  /** Seconds of one pass: on the wall, and of the processor, all threads together. */
  readonly pass: () => Promise<Sample>;
  readonly samples: Sample[];
}

interface Sample {
  readonly wall: number;
  readonly processor: number;
}

/** In turns, so that what else the machine does falls on all alike. */
export async function compareEngines(options: EnginesOptions): Promise<void> {
  print(`\n## Engines: forward and image gradient, batch ${options.batch}, ${options.threads} threads\n`);
  head(["network", "engine", "images/s", "fastest", "processor ms an image"]);
  for (const model of options.models) {
    for (const density of options.densities) await compareOn({ model, densities: "method", density }, options);
  }
}

async function compareOn(subject: Subject, options: EnginesOptions): Promise<void> {
  const contenders = options.engines.map((engine) => engineOf(engine, subject, options));
  const isPeer = options.environment !== null && subject.model === "vgg16" && subject.density === 1;
  const peer = isPeer ? python(options.environment ?? "") : null;
  if (peer !== null) contenders.push(pythonOfPeer(peer, options));
  for (let round = 0; round <= options.rounds; round++) {
    for (const { pass, samples } of contenders) samples.push(await pass());
  }
  for (const contender of contenders) report(contender, subject, options);
  peer?.end();
}

function engineOf(name: EngineName, subject: Subject, { batch, threads }: EnginesOptions): Contender {
  const inference = chooseEngine({ engine: name, threads }).infer(networkOf(subject).network);
  return { name, pass: async () => passOf(inference, batch), samples: [] };
}

function passOf(inference: Inference, batch: number): Sample {
  const images = Float32Array.from({ length: batch * INPUT[0] * INPUT[1] * INPUT[2] }, (_, i) => (i % 97) / 97);
  const labels = Uint8Array.from({ length: batch }, (_, i) => i % CLASSES);
  const [began, before] = [performance.now(), process.cpuUsage()];
  inference.inputGradient(images, (logits) => crossEntropy(logits, labels, CLASSES).gradient);
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / 1000, processor: (user + system) / 1e6 };
}

/** TensorFlow of the version that the engine uses. */
function python(folder: string): Child {
  return new Child({
    name: "tensorflow",
    program: pythonOf(folder),
    arguments: [join(ROOT, "scripts", "bench-tensorflow.py")],
    prepare: () =>
      requirePackages(folder, { python: "python3", module: "tensorflow", packages: ["tensorflow-cpu", "numpy"] }),
  });
}

const replySchema = z.object({ seconds: z.array(z.number()), processor: z.number(), version: z.string() });

function pythonOfPeer(peer: Child, { batch, threads }: EnginesOptions): Contender {
  const pass = async () => {
    const reply = replySchema.parse(JSON.parse(await peer.ask(JSON.stringify({ batch, threads, repeat: 1 }))));
    return { wall: reply.seconds[0] ?? Number.NaN, processor: reply.processor };
  };
  return { name: "TensorFlow in Python", pass, samples: [] };
}

/** Without the first pass, which makes buffers. */
function report({ name, samples }: Contender, subject: Subject, { batch, threads }: EnginesOptions): void {
  const walls = samples.slice(1).map(({ wall }) => wall);
  const processor = middle(samples.slice(1).map((sample) => sample.processor));
  const speed = batch / middle(walls);
  const label = `${subject.model}, density ${subject.density}`;
  row([label, name, rounded(speed, 0), rounded(batch / Math.min(...walls), 0), rounded((1000 * processor) / batch, 2)]);
  const config = { ...subject, engine: name, batch, threads, processorSeconds: processor };
  record("engines", { value: speed, unit: "images/s", config });
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
