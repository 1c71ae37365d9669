/** The engines beside each other on a forward pass with its image gradient, and the tensorflow engine beside TensorFlow in Python. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { EngineName } from "../../src/engines/choose.js";
import { findInstallation } from "../../src/engines/tensorflow/installation.js";
import { Child } from "./child.js";
import { head, print, record, rounded, row } from "./output.js";
import type { Subject } from "./subject.js";
import { pythonOf, ROOT, requirePackages } from "./tools.js";
import type { Verdict } from "./verdicts.js";

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
  readonly end: () => void;
}

const sampleSchema = z.object({ wall: z.number(), processor: z.number() });
type Sample = z.output<typeof sampleSchema>;

const PEER = "TensorFlow in Python";

/** In turns, so that what else the machine does falls on all alike. */
export async function compareEngines(options: EnginesOptions): Promise<Verdict[]> {
  print(`\n## Engines: forward and image gradient, batch ${options.batch}, ${options.threads} threads\n`);
  head(["network", "engine", "images/s", "fastest", "processor ms an image"]);
  const verdicts: Verdict[] = [];
  for (const model of options.models) {
    for (const density of options.densities) {
      verdicts.push(...(await compareOn({ model, densities: "method", density }, options)));
    }
  }
  return verdicts;
}

async function compareOn(subject: Subject, options: EnginesOptions): Promise<Verdict[]> {
  const contenders = options.engines.map((engine) => engineOf(engine, subject, options));
  const isPeer = options.environment !== null && subject.model === "vgg16" && subject.density === 1;
  if (isPeer) contenders.push(pythonOfPeer(python(options.environment ?? ""), options));
  for (let round = 0; round <= options.rounds; round++) {
    for (const { pass, samples } of contenders) samples.push(await pass());
  }
  for (const contender of contenders) report(contender, subject, options);
  for (const { end } of contenders) end();
  return verdictsOf(contenders);
}

/** The engine's throughput as a share of its library's own, by the wall and by what the processor did for it. */
function verdictsOf(contenders: readonly Contender[]): Verdict[] {
  const [ours, peer] = ["tensorflow", PEER].map((name) => contenders.find((contender) => contender.name === name));
  if (ours === undefined || peer === undefined) return [];
  const share = (secondsOf: (sample: Sample) => number) => {
    const [mine, theirs] = [ours, peer].map(({ samples }) => middle(samples.slice(1).map(secondsOf)));
    return (theirs ?? Number.NaN) / (mine ?? Number.NaN);
  };
  const what = "the tensorflow engine, of TensorFlow in Python, vgg16 dense";
  const verdict = { sense: "at least", must: 0.9, unit: "share" } as const;
  return [
    { ...verdict, what, found: share(({ wall }) => wall) },
    { ...verdict, what: `${what}, by processor time`, found: share(({ processor }) => processor) },
  ];
}

function engineOf(name: EngineName, subject: Subject, { batch, threads }: EnginesOptions): Contender {
  const worker = fileURLToPath(new URL("engines-worker.js", import.meta.url));
  const child = new Child({ name, program: process.execPath, arguments: [worker] });
  const request = JSON.stringify({ engine: name, subject, batch, threads });
  const pass = async () => sampleSchema.parse(JSON.parse(await child.ask(request)));
  return { name, pass, samples: [], end: () => child.end() };
}

/** TensorFlow of the version that the engine uses. */
function python(folder: string): Child {
  const version = findInstallation()?.built?.tensorflow;
  const tensorflow = version === undefined ? "tensorflow-cpu" : `tensorflow-cpu==${version}`;
  return new Child({
    name: "tensorflow",
    program: pythonOf(folder),
    arguments: [join(ROOT, "scripts", "bench-tensorflow.py")],
    prepare: () =>
      requirePackages(folder, { python: "python3", module: "tensorflow", packages: [tensorflow, "numpy"] }),
  });
}

const replySchema = z.object({ seconds: z.array(z.number()), processor: z.number(), version: z.string() });

function pythonOfPeer(peer: Child, { batch, threads }: EnginesOptions): Contender {
  const pass = async () => {
    const reply = replySchema.parse(JSON.parse(await peer.ask(JSON.stringify({ batch, threads, repeat: 1 }))));
    return { wall: reply.seconds[0] ?? Number.NaN, processor: reply.processor };
  };
  return { name: PEER, pass, samples: [], end: () => peer.end() };
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
